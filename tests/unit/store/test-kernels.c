/* The store of kernels: what is kept, for how long, and what is on disk when. */
#include "engine/base/file.h"
#include "engine/store/kernels.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL_BYTES 8192

static char *state;
static GPtrArray *synced; /* paths, in the order in which they were; NULL: nobody looks */

/* In place of the C library's. */
int fsync(int fd)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
	if (synced)
		g_ptr_array_add(synced, g_file_read_link(link, NULL));
	return (int)syscall(SYS_fsync, fd);
}

static void set_up(void)
{
	state = g_dir_make_tmp("kernels-XXXXXX", NULL);
}

static void tear_down(void)
{
	file_remove_tree(state, NULL);
	g_free(state);
}

static char *step_dir(int n)
{
	return g_strdup_printf("%s/b/x/steps/%d", state, n);
}

static void leave(const char *key, const char *name, gsize size)
{
	g_autofree char *part = kernels_part(state, key);
	g_autofree char *path = g_build_filename(part, name, NULL);
	g_autofree char *data = g_malloc(size);
	memset(data, 'x', size);
	g_assert_cmpint(file_mkdir(part, NULL), ==, 0);
	g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static void add(struct kernels *k, const char *key, bool ahead)
{
	struct kernel made = { .key = (char *)key,
			       .compiler = (char *)"gcc",
			       .signature = (char *)"s",
			       .build_ns = 5,
			       .made = 7,
			       .ahead = ahead };
	leave(key, "kernel", KERNEL_BYTES);
	g_assert_cmpint(kernels_add(k, &made, NULL), ==, 0);
}

/* What the log of a build has told is there again when the store is opened. */
static void test_findings(void)
{
	static const char *const errors[] = { "a.c:1: error: e", "\377", NULL };
	set_up();
	struct kernels *k = kernels_open(state, KERNEL_BYTES);
	struct kernel failed = { .key = (char *)"f",
				 .reason = (char *)errors[0],
				 .errors = (char **)errors,
				 .object = (char *)"a.o",
				 .alone = true };
	struct kernel compiled = { .key = (char *)"c", .matched = (char *)"a.c:1: warning: w" };
	leave("f", "build.log", 1);
	leave("c", "build.log", 1);
	g_assert_cmpint(kernels_add(k, &failed, NULL), ==, 0);
	g_assert_cmpint(kernels_add(k, &compiled, NULL), ==, 0);
	for (int again = 0; again < 2; again++) {
		const struct kernel *one = kernels_find(k, "f");
		g_assert_cmpstr(one->reason, ==, errors[0]);
		g_assert_cmpuint(g_strv_length(one->errors), ==, 2);
		g_assert_cmpstr(one->errors[0], ==, errors[0]);
		g_assert_cmpstr(one->object, ==, "a.o");
		g_assert_null(one->matched);
		g_assert_true(one->alone);
		one = kernels_find(k, "c");
		g_assert_null(one->reason);
		g_assert_null(one->signature);
		g_assert_cmpstr(one->matched, ==, "a.c:1: warning: w");
		g_assert_false(one->alone);
		kernels_close(k);
		k = kernels_open(state, KERNEL_BYTES);
	}
	kernels_close(k);
	tear_down();
}

static void give(struct kernels *k, const char *key, int step)
{
	g_autofree char *dir = step_dir(step);
	struct error why = { 0 };
	if (kernels_give(k, key, dir, &why) != 0)
		g_error("%s", why.text);
	g_assert_true(kernels_step_has(dir));
}

static void take(struct kernels *k, int step)
{
	g_autofree char *dir = step_dir(step);
	kernels_take(k, dir);
	g_assert_false(kernels_step_has(dir));
}

/* The keys of all that is on disk, in one line. */
static void stored(const char *wanted)
{
	g_autofree char *dir = g_build_filename(state, "kernels", NULL);
	g_autoptr(GPtrArray) names = file_names(dir);
	g_ptr_array_add(names, NULL);
	g_autofree char *line = g_strjoinv(" ", (char **)names->pdata);
	g_assert_cmpstr(line, ==, wanted);
}

/* An object that was missing may be there when the store is opened again. */
static void test_no_tree(void)
{
	set_up();
	struct kernel made = { .key = (char *)"n", .reason = (char *)"no tree", .no_tree = true };
	struct kernels *k = kernels_open(state, KERNEL_BYTES);
	leave("n", "build.log", 10);
	g_assert_cmpint(kernels_add(k, &made, NULL), ==, 0);
	g_assert_true(kernels_find(k, "n")->no_tree);
	kernels_close(k);
	k = kernels_open(state, KERNEL_BYTES);
	g_assert_null(kernels_find(k, "n"));
	kernels_close(k);
	tear_down();
}

static void test_limit(void)
{
	set_up();
	struct kernels *k = kernels_open(state, 2 * KERNEL_BYTES);
	add(k, "a", false);
	add(k, "b", false);
	stored("a b");
	g_assert_nonnull(kernels_find(k, "a")); /* used later than b */
	add(k, "c", false);
	stored("a c");
	g_assert_null(kernels_find(k, "b"));
	g_assert_cmpuint(kernels_bytes(k), ==, 2 * KERNEL_BYTES);
	kernels_shrink(k, KERNEL_BYTES);
	stored("c");
	kernels_forget(k, "c");
	kernels_forget(k, "c");
	stored("");
	g_assert_cmpuint(kernels_bytes(k), ==, 0);
	kernels_close(k);
	tear_down();
}

/* Each is larger than all that may be kept: there is one at most, until it is used. */
static void test_tiny_limit(void)
{
	set_up();
	struct kernels *k = kernels_open(state, KERNEL_BYTES / 2);
	add(k, "a", false);
	add(k, "b", false);
	stored("b");
	give(k, "b", 0);
	add(k, "c", false);
	stored("b c");
	take(k, 0);
	stored("");
	kernels_close(k);
	tear_down();
}

/* What a step has counts, and is not deleted in vain. */
static void test_steps_count(void)
{
	set_up();
	struct kernels *k = kernels_open(state, 2 * KERNEL_BYTES);
	add(k, "a", false);
	give(k, "a", 0);
	give(k, "a", 1);
	add(k, "b", false);
	give(k, "b", 2);
	add(k, "c", false); /* all others are held */
	stored("a b c");
	g_assert_cmpuint(kernels_bytes(k), ==, 3 * KERNEL_BYTES);
	take(k, 0); /* the other one has it still */
	g_assert_cmpuint(kernels_bytes(k), ==, 2 * KERNEL_BYTES);
	stored("a b");
	take(k, 1);
	add(k, "d", false);
	g_assert_cmpuint(kernels_bytes(k), ==, 2 * KERNEL_BYTES);
	stored("b d");
	take(k, 2);
	kernels_shrink(k, 0);
	g_assert_cmpuint(kernels_bytes(k), ==, 0);
	kernels_close(k);
	tear_down();
}

/* Deleted from the store while a step has it: the bytes are still there. */
static void test_forget_held(void)
{
	set_up();
	struct kernels *k = kernels_open(state, 10 * KERNEL_BYTES);
	add(k, "a", false);
	give(k, "a", 0);
	kernels_forget(k, "a");
	g_assert_cmpuint(kernels_bytes(k), ==, KERNEL_BYTES);
	add(k, "a", false); /* built again */
	g_assert_cmpuint(kernels_bytes(k), ==, 2 * KERNEL_BYTES);
	give(k, "a", 0);
	g_assert_cmpuint(kernels_bytes(k), ==, KERNEL_BYTES);
	take(k, 0);
	take(k, 0);
	g_assert_cmpuint(kernels_bytes(k), ==, KERNEL_BYTES);
	kernels_close(k);
	tear_down();
}

/* A daemon is killed: what it has left is what there is. */
static void test_reopen(void)
{
	set_up();
	struct kernels *k = kernels_open(state, 10 * KERNEL_BYTES);
	add(k, "a", false);
	add(k, "b", true);
	add(k, "c", false);
	give(k, "a", 0);
	give(k, "c", 1);
	kernels_forget(k, "c");
	kernels_close(k);
	leave("half", "kernel", 100);
	g_autofree char *bare = g_build_filename(state, "kernels", "bare", NULL);
	g_assert_cmpint(file_mkdir(bare, NULL), ==, 0);

	k = kernels_open(state, KERNEL_BYTES);
	stored("a b");
	const struct kernel *a = kernels_find(k, "a");
	g_assert_cmpstr(a->signature, ==, "s");
	g_assert_cmpstr(a->compiler, ==, "gcc");
	g_assert_cmpint(a->build_ns, ==, 5);
	g_assert_cmpint(a->made, ==, 7);
	g_assert_true(kernels_given(k, "b"));
	for (int n = 0; n < 3; n++) {
		g_autofree char *dir = step_dir(n);
		kernels_found(k, dir);
	}
	g_assert_cmpuint(kernels_bytes(k), ==, 3 * KERNEL_BYTES);
	kernels_keep_limit(k);
	stored("a"); /* a step has it */
	g_assert_cmpuint(kernels_bytes(k), ==, 2 * KERNEL_BYTES);
	take(k, 1);
	g_assert_cmpuint(kernels_bytes(k), ==, KERNEL_BYTES);
	take(k, 0);
	stored("a");
	kernels_close(k);
	tear_down();
}

static ino_t inode(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	struct stat st;
	return g_stat(path, &st) == 0 ? st.st_ino : 0;
}

static void test_files(void)
{
	set_up();
	g_autofree char *dir = step_dir(0);
	struct kernels *k = kernels_open(state, G_MAXUINT64);
	leave("a", "vmlinux", 10);
	leave("a", "config", 10);
	leave("a", "build.log", 10);
	add(k, "a", false);
	give(k, "a", 0);
	ino_t log = inode(dir, "build.log"), kernel = inode(dir, "kernel");
	g_autofree char *store = kernels_file(state, "a", "kernel");
	g_autofree char *vmlinux = g_build_filename(dir, "vmlinux", NULL);
	g_assert_true(log && kernel && inode(dir, "config") && file_exists(vmlinux));
	take(k, 0); /* what people read stays */
	g_assert_false(file_exists(vmlinux));
	g_assert_cmpuint(inode(dir, "build.log"), ==, log);
	leave("a", "build.log", 20);
	add(k, "a", false);
	g_assert_cmpint(kernels_give_again(k, "a", dir, NULL), ==, 0);
	g_assert_true(kernels_step_has(dir));
	g_assert_cmpuint(inode(dir, "build.log"), ==, log);
	kernels_close(k);
	tear_down();
}

static void test_missing(void)
{
	set_up();
	g_autofree char *dir = step_dir(0);
	struct kernels *k = kernels_open(state, G_MAXUINT64);
	struct kernel broken = { .key = (char *)"broken", .reason = (char *)"no \xff" };
	struct error why = { 0 };
	g_assert_cmpint(kernels_give(k, "a", dir, &why), ==, -ENOENT);
	add(k, "a", false);
	g_autofree char *kernel = kernels_file(state, "a", "kernel");
	g_unlink(kernel);
	g_assert_cmpint(kernels_give(k, "a", dir, &why), ==, -ENOENT);
	g_assert_nonnull(strstr(why.text, kernel));
	leave("broken", "build.log", 10);
	g_assert_cmpint(kernels_add(k, &broken, NULL), ==, 0);
	g_assert_cmpint(kernels_give(k, "broken", dir, NULL), ==, 0);
	g_assert_false(kernels_step_has(dir));
	g_assert_cmpuint(inode(dir, "build.log"), !=, 0);
	kernels_close(k);
	tear_down();
}

/* Work ahead waits for steps that may come; it must not push out such work. */
static void test_room_ahead(void)
{
	set_up();
	struct kernels *k = kernels_open(state, 3 * KERNEL_BYTES);
	g_assert_true(kernels_have_room(k, 1));
	add(k, "a", false);
	add(k, "b", true);
	add(k, "c", true);
	g_assert_true(kernels_have_room(k, 1)); /* in place of a */
	g_assert_false(kernels_have_room(k, 2));
	give(k, "a", 0);
	g_assert_false(kernels_have_room(k, 1));
	take(k, 0);
	g_assert_false(kernels_given(k, "b"));
	g_assert_true(kernels_given(k, "b"));
	g_assert_true(kernels_have_room(k, 2));
	kernels_close(k);
	tear_down();
}

static int synced_at(const char *path)
{
	for (guint i = 0; i < synced->len; i++) {
		if (strcmp(synced->pdata[i], path) == 0)
			return (int)i;
	}
	return -1;
}

/* Before anybody hears of a kernel, its names are durable: in the store and in the step. */
static void test_durable(void)
{
	set_up();
	g_autofree char *store = g_build_filename(state, "kernels", NULL);
	g_autofree char *part = kernels_part(state, "a");
	g_autofree char *dir = step_dir(0);
	g_autofree char *steps = g_path_get_dirname(dir);
	g_autofree char *bisection = g_path_get_dirname(steps);
	struct kernels *k = kernels_open(state, G_MAXUINT64);
	synced = g_ptr_array_new_with_free_func(g_free);
	add(k, "a", false);
	g_assert_cmpint(synced_at(part), >=, 0);
	g_assert_cmpint(synced_at(store), >, synced_at(part));
	g_ptr_array_set_size(synced, 0);
	give(k, "a", 0);
	g_assert_cmpint(synced_at(dir), >=, 0);
	g_assert_cmpint(synced_at(steps), >=, 0);
	g_assert_cmpint(synced_at(bisection), >=, 0);
	g_clear_pointer(&synced, g_ptr_array_unref);
	kernels_close(k);
	tear_down();
}

static void test_no_disk(void)
{
	struct kernels *k = kernels_open(NULL, G_MAXUINT64);
	struct kernel made = { .key = (char *)"a", .signature = (char *)"s" };
	g_assert_cmpint(kernels_add(k, &made, NULL), ==, 0);
	g_assert_cmpint(kernels_give(k, "a", "/nowhere", NULL), ==, 0);
	kernels_take(k, "/nowhere");
	g_assert_nonnull(kernels_find(k, "a"));
	kernels_close(k);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kernels/no-tree", test_no_tree);
	g_test_add_func("/kernels/limit", test_limit);
	g_test_add_func("/kernels/findings", test_findings);
	g_test_add_func("/kernels/tiny-limit", test_tiny_limit);
	g_test_add_func("/kernels/steps-count", test_steps_count);
	g_test_add_func("/kernels/forget-held", test_forget_held);
	g_test_add_func("/kernels/reopen", test_reopen);
	g_test_add_func("/kernels/files", test_files);
	g_test_add_func("/kernels/missing", test_missing);
	g_test_add_func("/kernels/room-ahead", test_room_ahead);
	g_test_add_func("/kernels/durable", test_durable);
	g_test_add_func("/kernels/no-disk", test_no_disk);
	return g_test_run();
}
