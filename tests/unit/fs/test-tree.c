/* The tree of nodes: names, numbers, sizes, and what is left of a node that was taken out. */
#include "fs/tree.h"

#include <string.h>

static struct tree tree;

static void set_up(void)
{
	tree_init(&tree, 1, 2);
	g_mutex_lock(&tree.lock);
}

static void tear_down(void)
{
	g_mutex_unlock(&tree.lock);
	tree_clear(&tree);
}

static struct node *put(struct node *dir, enum node_kind kind, const char *name)
{
	struct node *n = node_new(&tree, kind, name, kind == NODE_DIR ? 0755 : 0444, 1, 2);
	node_attach(dir, n);
	return n;
}

static void test_names(void)
{
	set_up();
	struct node *x = put(tree.root, NODE_DIR, "x");
	struct node *steps = put(x, NODE_DIR, "steps");
	struct node *state = put(steps, NODE_VALUE, "state");
	g_assert_true(tree_find(&tree, "") == tree.root);
	g_assert_true(tree_find(&tree, "x/steps/state") == state);
	g_assert_true(node_find(x, "steps/state") == state);
	g_assert_true(node_find(x, "") == x);
	g_assert_null(tree_find(&tree, "x/step"));
	g_assert_null(tree_find(&tree, "x/steps/state/more")); /* below what is no directory */
	g_assert_null(node_child(state, "more"));
	g_autofree char *path = node_path(state), *root = node_path(tree.root);
	g_assert_cmpstr(path, ==, "x/steps/state");
	g_assert_cmpstr(root, ==, "");
	tear_down();
}

/* A directory of many entries is looked up by hash; the order stays that of creation. */
static void test_many_names(void)
{
	enum { N = 300 };
	char name[16];
	set_up();
	struct node *dir = put(tree.root, NODE_DIR, "x");
	for (int i = 0; i < N; i++) {
		g_snprintf(name, sizeof(name), "%d", i);
		put(dir, NODE_VALUE, name);
	}
	node_detach(&tree, node_child(dir, "7"));
	node_rename(node_child(dir, "8"), "eight");
	for (int i = 0; i < N; i++) {
		g_snprintf(name, sizeof(name), "%d", i);
		struct node *n = node_child(dir, name);
		if (i == 7 || i == 8)
			g_assert_null(n);
		else
			g_assert_cmpstr(n->name, ==, name);
	}
	g_assert_cmpuint(dir->children->len, ==, N - 1);
	struct node *last = g_ptr_array_index(dir->children, N - 2);
	g_assert_cmpstr(last->name, ==, "eight");
	g_assert_true(node_child(dir, "eight") == last);
	tear_down();
}

/* Who holds a node of a directory that is removed finds that out, and has it until the end. */
static void test_remove(void)
{
	set_up();
	struct node *x = put(tree.root, NODE_DIR, "x");
	struct node *state = node_ref(put(x, NODE_VALUE, "state"));
	struct timespec now = timespec_now();
	node_set(state, g_bytes_new_static("done\n", 5), &now);
	unsigned version = state->version;
	uint64_t ino = state->ino, gone = x->ino;
	node_ref(x);
	node_detach(&tree, x);
	g_assert_true(x->removed && state->removed);
	g_assert_cmpuint(state->version, >, version); /* who polls sees a change */
	g_assert_null(tree_find(&tree, "x"));
	g_assert_null(node_path(state));
	g_assert_true(tree_by_ino(&tree, ino) == state);
	g_assert_cmpint(node_size(state), ==, 5);
	node_unref(&tree, x);
	g_assert_null(tree_by_ino(&tree, gone));
	g_assert_true(tree_by_ino(&tree, ino) == state);
	node_unref(&tree, state);
	g_assert_null(tree_by_ino(&tree, ino));
	tear_down();
}

/* A name that is used again is another node, with another number. */
static void test_name_used_again(void)
{
	set_up();
	struct node *old = put(tree.root, NODE_DIR, "x");
	uint64_t ino = old->ino;
	node_ref(old);
	node_detach(&tree, old);
	struct node *x = put(tree.root, NODE_DIR, "x");
	g_assert_cmpuint(x->ino, !=, ino);
	g_assert_true(tree_find(&tree, "x") == x);
	g_assert_true(old->removed && !x->removed);
	node_unref(&tree, old);
	g_assert_true(tree_find(&tree, "x") == x);
	tear_down();
}

static void test_attributes(void)
{
	struct stat st;
	set_up();
	struct node *x = put(tree.root, NODE_DIR, "x");
	put(x, NODE_DIR, "runs");
	put(x, NODE_FILES, "files");
	struct node *state = put(x, NODE_VALUE, "state");
	struct node *log = put(x, NODE_FILE, "log");
	struct node *link = put(x, NODE_LINK, "last");
	struct timespec when = timespec_of(1500000000000000123);
	node_stat(x, &st);
	g_assert_true(S_ISDIR(st.st_mode));
	g_assert_cmpuint(st.st_nlink, ==, 4); /* itself, its own ".", and two below */
	g_assert_cmpuint(st.st_uid, ==, 1);
	g_assert_cmpuint(st.st_gid, ==, 2);
	node_stat(state, &st);
	g_assert_true(S_ISREG(st.st_mode));
	g_assert_cmpint(st.st_size, ==, 0); /* not known yet */
	node_set(state, g_bytes_new_static("running\n", 8), &when);
	node_set(state, g_bytes_new_static("done\n", 5), &when);
	node_stat(state, &st);
	g_assert_cmpint(st.st_size, ==, 5);
	g_assert_cmpint(st.st_mtim.tv_sec, ==, 1500000000);
	g_assert_cmpint(st.st_mtim.tv_nsec, ==, 123);
	log->size = 513; /* what is published, whatever the file has */
	node_stat(log, &st);
	g_assert_cmpint(st.st_size, ==, 513);
	g_assert_cmpint(st.st_blocks, ==, 2);
	link->data = g_bytes_new_static("x", 1);
	node_stat(link, &st);
	g_assert_true(S_ISLNK(st.st_mode));
	g_assert_cmpint(st.st_size, ==, 1);
	tear_down();
}

/* A directory is made whole before it is seen: all below goes with it. */
static void test_unattached(void)
{
	set_up();
	guint before = g_hash_table_size(tree.nodes);
	struct node *x = node_new(&tree, NODE_DIR, "x", 0755, 1, 2);
	struct node *state = put(x, NODE_VALUE, "state");
	g_assert_null(node_path(state));
	g_assert_true(node_find(x, "state") == state);
	node_unref(&tree, x);
	g_assert_cmpuint(g_hash_table_size(tree.nodes), ==, before);
	node_unref(&tree, NULL);
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tree/names", test_names);
	g_test_add_func("/tree/many-names", test_many_names);
	g_test_add_func("/tree/remove", test_remove);
	g_test_add_func("/tree/name-used-again", test_name_used_again);
	g_test_add_func("/tree/attributes", test_attributes);
	g_test_add_func("/tree/unattached", test_unattached);
	return g_test_run();
}
