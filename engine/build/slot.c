/*
 * libgit2 does all of it, in a repository of the slot's own whose index remembers what lies in
 * `src`. Patches are applied in memory and become commits of that repository.
 */
#include "slot.h"
#include "slot_needs.h"

#include "engine/base/file.h"
#include "engine/objects/missing.h"
#include "engine/objects/raw_commit.h"
#include "engine/objects/replacements.h"
#include "space.h"

#include <errno.h>
#include <git2.h>
#include <git2/sys/commit.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

struct slot {
	char *dir, *src;
	git_repository *git;
	git_odb *odb;
	struct missing_source missing;
};

/* libgit2 gives no errno, only a text; which may be made of a tree's own names. */
static err_t git_failed(const struct slot *slot, struct error *error, const char *doing,
			const char *what)
{
	const git_error *e = git_error_last();
	const char *why = e && e->message ? e->message : "failed";
	struct space space;
	space_init(&space, NULL, geteuid());
	space_add(&space, slot->dir);
	err_t full = space_judge(&space, space_claim(why), NULL);
	space_clear(&space);
	return error_set(error, full ? -full : EIO, "%s %s: %s", doing, what, why);
}

/* The store of what was fetched borrows the user's objects itself. */
static err_t borrow_objects(const char *git, const struct slot_objects *from, struct error *error)
{
	g_autofree char *info = g_build_filename(git, "objects", "info", NULL);
	g_autofree char *path = g_build_filename(info, "alternates", NULL);
	g_autofree char *objects = from->promisor ? g_strdup(promisor_objects(from->promisor))
						  : g_build_filename(from->gitdir, "objects", NULL);
	g_autofree char *text = g_strdup_printf("%s\n", objects);
	g_autofree char *old = NULL;
	if (g_file_get_contents(path, &old, NULL, NULL) && strcmp(old, text) == 0)
		return 0;
	err_t err = file_mkdir_readable(info, error);
	return err ? err : file_write(path, text, strlen(text), 0644, error);
}

static err_t open_git(struct slot *slot, const struct slot_objects *from, struct error *error)
{
	g_autofree char *git = g_build_filename(slot->dir, "git", NULL);
	/* the cage shows the tree to whoever builds in it, the directories above it to nobody */
	err_t err = file_mkdir_readable(slot->src, error);
	if (!err)
		err = borrow_objects(git, from, error);
	if (err)
		return err;
	/* no .git in src: kbuild must not find a repository there and put a '+' into the release */
	git_repository_init_options opts = GIT_REPOSITORY_INIT_OPTIONS_INIT;
	opts.flags = GIT_REPOSITORY_INIT_NO_DOTGIT_DIR | GIT_REPOSITORY_INIT_MKPATH;
	opts.workdir_path = slot->src;
	opts.template_path = "";
	opts.initial_head = "main";
	bool any;
	if (git_repository_init_ext(&slot->git, git, &opts) != 0 ||
	    git_repository_odb(&slot->odb, slot->git) != 0)
		return git_failed(slot, error, "cannot set up the build slot", slot->dir);
	return replacements_attach(slot->odb, from->gitdir, &any, error);
}

/* What a daemon leaves that is killed: libgit2's lock files where it checked something out; where
 * it asked for maintainers the script's .git, which no build may see, and the patch. Nobody else
 * uses the slot now: whoever made them is gone. */
static void remove_leftovers(const struct slot *slot)
{
	static const char *const files[] = { "git/HEAD.lock",	"git/index.lock",
					     "git/config.lock", "git/packed-refs.lock",
					     SLOT_PATCH,	SLOT_PATCH ".tmp" };
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(slot->dir, files[i], NULL);
		unlink(path);
	}
}

/* libgit2 writes one for a new repository, and a build without a cage may have left anything under
 * this name. */
static err_t remove_dotgit(const struct slot *slot, struct error *error)
{
	g_autofree char *dotgit = g_build_filename(slot->src, ".git", NULL);
	return file_remove_tree(dotgit, error);
}

err_t slot_open(const struct slot_objects *from, const struct promisor_watch *watch,
		const char *dir, struct slot **out, struct error *error)
{
	struct slot *slot = g_new0(struct slot, 1);
	slot->dir = g_strdup(dir);
	slot->src = g_build_filename(dir, "src", NULL);
	remove_leftovers(slot);
	err_t err = remove_dotgit(slot, error);
	if (!err)
		err = open_git(slot, from, error);
	if (!err)
		err = remove_dotgit(slot, error);
	slot->missing = (struct missing_source){
		.promisor = from->promisor, .odb = slot->odb, .watch = watch, .below = true
	};
	if (err) {
		slot_free(slot);
		return err;
	}
	*out = slot;
	return 0;
}

void slot_free(struct slot *slot)
{
	if (!slot)
		return;
	git_odb_free(slot->odb);
	git_repository_free(slot->git);
	g_free(slot->dir);
	g_free(slot->src);
	g_free(slot);
}

const char *slot_dir(const struct slot *slot)
{
	return slot->dir;
}

const char *slot_src(const struct slot *slot)
{
	return slot->src;
}

/* For a commit that libgit2 refuses and git does not: one with the same tree and parents, in the
 * slot's own repository. */
static int make_stand_in(struct slot *slot, const git_oid *id, git_commit **made)
{
	git_odb *odb = NULL;
	git_odb_object *object = NULL;
	git_signature *who = NULL;
	git_oid tree, new_id;
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	g_autoptr(GArray) ids = g_array_new(FALSE, TRUE, sizeof(git_oid));
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct raw_commit raw = { .parents = parents };
	int rc = git_repository_odb(&odb, slot->git);
	if (rc == 0)
		rc = git_odb_read(&object, odb, id);
	if (rc == 0 &&
	    (git_odb_object_type(object) != GIT_OBJECT_COMMIT ||
	     raw_commit_parse(git_odb_object_data(object), git_odb_object_size(object), &raw) != 0))
		rc = GIT_ERROR;
	if (rc == 0)
		rc = git_signature_new(&who, "bisectfs", "bisectfs@localhost", 0, 0);
	if (rc == 0) {
		git_oid_fromraw(&tree, raw.tree.b);
		g_array_set_size(ids, parents->len);
		for (guint i = 0; i < parents->len; i++) {
			git_oid *parent = &g_array_index(ids, git_oid, i);
			git_oid_fromraw(parent, g_array_index(parents, struct oid, i).b);
			g_ptr_array_add(list, parent);
		}
		rc = git_commit_create_from_ids(&new_id, slot->git, NULL, who, who, NULL,
						"stand-in", &tree, list->len,
						(const git_oid **)list->pdata);
	}
	if (rc == 0)
		rc = git_commit_lookup(made, slot->git, &new_id);
	git_signature_free(who);
	git_odb_object_free(object);
	git_odb_free(odb);
	return rc;
}

static int look_up_commit(struct slot *slot, const char *hash, git_commit **commit)
{
	git_oid id;
	int rc = git_oid_fromstr(&id, hash);
	if (rc == 0)
		rc = git_commit_lookup(commit, slot->git, &id);
	return rc == 0 || rc == GIT_ENOTFOUND ? rc : make_stand_in(slot, &id, commit);
}

/* The index of `ours` with one patch applied; what does not apply is an error or a conflict in it.
 * A merge is taken as its change against its first parent, as by `git revert -m 1`; not a backport,
 * which git would not apply without being told either. */
static int patched_index(struct slot *slot, const char *word, git_commit *patch, git_commit *ours,
			 git_index **index)
{
	unsigned mainline = git_commit_parentcount(patch) > 1 ? 1 : 0;
	if (strcmp(word, "revert") == 0)
		return git_revert_commit(index, slot->git, patch, ours, mainline, NULL);
	if (strcmp(word, "merge") == 0)
		return git_merge_commits(index, slot->git, ours, patch, NULL);
	if (strcmp(word, "backport") == 0)
		mainline = 0;
	return git_cherrypick_commit(index, slot->git, patch, ours, mainline, NULL);
}

/* The tree of `ours` with one patch applied, in memory. -EUCLEAN: it does not apply. */
static err_t apply_patch(struct slot *slot, const char *word, const char *hash, git_commit *ours,
			 git_commit **patched, struct error *error)
{
	git_oid tree_id, made;
	git_commit *patch = NULL;
	git_index *index = NULL;
	git_tree *tree = NULL;
	git_signature *who = NULL;
	err_t err = 0;
	if (look_up_commit(slot, hash, &patch) != 0)
		return git_failed(slot, error, "cannot read commit", hash);
	int rc = patched_index(slot, word, patch, ours, &index);
	if (rc != 0 || git_index_has_conflicts(index))
		err = -EUCLEAN;
	else if (git_index_write_tree_to(&tree_id, index, slot->git) != 0 ||
		 git_tree_lookup(&tree, slot->git, &tree_id) != 0 ||
		 git_signature_new(&who, "bisectfs", "bisectfs@localhost", 0, 0) != 0 ||
		 git_commit_create(&made, slot->git, NULL, who, who, NULL, "patched", tree, 1,
				   (const git_commit *[]){ ours }) != 0 ||
		 git_commit_lookup(patched, slot->git, &made) != 0)
		err = git_failed(slot, error, "cannot apply", hash);
	git_signature_free(who);
	git_tree_free(tree);
	git_index_free(index);
	git_commit_free(patch);
	return err;
}

static err_t apply_patches(struct slot *slot, git_commit **at, char *const *patches,
			   char **conflict, GString *notes, struct error *error)
{
	for (; patches && *patches && !*conflict; patches++) {
		g_auto(GStrv) words = g_strsplit(*patches, " ", 2);
		git_commit *next = NULL;
		/* an earlier patch may have removed files, which this one may have renamed */
		char *one[] = { *patches, NULL };
		g_autofree char *ours = g_strdup(git_oid_tostr_s(git_commit_id(*at)));
		err_t err = slot_needs_fetch(&slot->missing, slot->git, ours, one, error);
		if (!err)
			err = apply_patch(slot, words[0], words[1], *at, &next, error);
		if (err && err != -EUCLEAN)
			return err;
		if (!err) {
			g_string_append_printf(notes, "%s: applied\n", *patches);
			git_commit_free(*at);
			*at = next;
		} else if (strcmp(words[0], "backport") == 0) {
			g_string_append_printf(notes, "%s: does not apply, left out\n", *patches);
		} else {
			*conflict = g_strdup_printf("%s does not apply to %.12s", *patches,
						    git_oid_tostr_s(git_commit_id(*at)));
			g_string_append_printf(notes, "error: %s\n", *conflict);
		}
	}
	return 0;
}

static char *missing_object(const char *commit)
{
	return g_strdup_printf("a file or directory of %.12s is missing from the repository: %s",
			       commit, git_error_last()->message);
}

static bool has_tree(const git_commit *c)
{
	git_tree *tree = NULL;
	int rc = git_commit_tree(&tree, c);
	git_tree_free(tree);
	return rc != GIT_ENOTFOUND;
}

err_t slot_checkout(struct slot *slot, const char *commit, char *const *patches, char **conflict,
		    GString *notes, struct error *error)
{
	git_commit *c = NULL;
	*conflict = NULL;
	err_t err = slot_needs_fetch(&slot->missing, slot->git, commit, patches, error);
	if (err)
		return err;
	if (look_up_commit(slot, commit, &c) != 0)
		return git_failed(slot, error, "cannot read commit", commit);
	if (!has_tree(c))
		*conflict = missing_object(commit);
	else
		err = apply_patches(slot, &c, patches, conflict, notes, error);
	git_checkout_options opts = GIT_CHECKOUT_OPTIONS_INIT;
	opts.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_REMOVE_UNTRACKED;
	if (!err && !*conflict) {
		/* the next checkout compares with what is there now */
		int rc = git_checkout_tree(slot->git, (git_object *)c, &opts);
		if (rc == 0)
			rc = git_repository_set_head_detached(slot->git, git_commit_id(c));
		if (rc == GIT_ENOTFOUND)
			*conflict = missing_object(commit);
		else if (rc != 0)
			err = git_failed(slot, error, "cannot check out", commit);
	}
	git_commit_free(c);
	return err;
}

#define PATCH_LIMIT ((gsize)16 << 20) /* the names of what it changes are of use, not its size */

static int add_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
		    const git_diff_line *line, void *arg)
{
	GString *text = arg;
	(void)delta;
	(void)hunk;
	if (text->len + line->content_len >= PATCH_LIMIT)
		return 0;
	if (strchr(" +-", line->origin))
		g_string_append_c(text, line->origin);
	g_string_append_len(text, line->content, (gssize)line->content_len);
	return 0;
}

err_t slot_patch(struct slot *slot, const char *commit, char **text, struct error *error)
{
	git_commit *c = NULL, *parent = NULL;
	git_tree *tree = NULL, *old = NULL;
	git_diff *diff = NULL;
	git_diff_options opts = GIT_DIFF_OPTIONS_INIT;
	g_autoptr(GString) patch = g_string_new(NULL);
	opts.max_size = (git_off_t)PATCH_LIMIT; /* larger files are taken for binary ones */
	struct oid id, before;
	int rc = look_up_commit(slot, commit, &c);
	if (rc == 0 && git_commit_parentcount(c)) {
		memcpy(id.b, git_commit_id(c)->id, OID_BYTES);
		memcpy(before.b, git_commit_parent_id(c, 0)->id, OID_BYTES);
		err_t fetched = missing_fetch_changes(&slot->missing, &id, &before, error);
		if (fetched) {
			git_commit_free(c);
			return fetched;
		}
	}
	if (rc == 0)
		rc = git_commit_tree(&tree, c);
	if (rc == 0 && git_commit_parentcount(c)) {
		rc = git_commit_parent(&parent, c, 0);
		if (rc == 0)
			rc = git_commit_tree(&old, parent);
	}
	if (rc == 0)
		rc = git_diff_tree_to_tree(&diff, slot->git, old, tree, &opts);
	if (rc == 0)
		rc = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, add_line, patch);
	err_t err = rc ? git_failed(slot, error, "cannot make a patch of", commit) : 0;
	if (!err)
		*text = g_strdup(patch->str);
	git_diff_free(diff);
	git_tree_free(old);
	git_tree_free(tree);
	git_commit_free(parent);
	git_commit_free(c);
	return err;
}

char *slot_head(struct slot *slot)
{
	git_oid id;
	if (git_reference_name_to_id(&id, slot->git, "HEAD") != 0)
		return NULL;
	return g_strdup(git_oid_tostr_s(&id));
}

static bool is_kconfig_input(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return g_str_has_prefix(name, "Kconfig") || g_str_has_prefix(path, "scripts/") ||
	       strstr(path, "/configs/") || g_str_has_prefix(path, "kernel/configs/") ||
	       strcmp(path, "Makefile") == 0 || strcmp(path, "Kbuild") == 0 ||
	       (g_str_has_prefix(path, "arch/") && g_str_has_prefix(name, "Makefile"));
}

static int look_at(const git_diff_delta *delta, float progress, void *arg)
{
	bool *same = arg;
	(void)progress;
	*same = *same && !is_kconfig_input(delta->old_file.path) &&
		!is_kconfig_input(delta->new_file.path);
	return 0;
}

static git_tree *tree_of(struct slot *slot, const char *commit)
{
	git_commit *c = NULL;
	git_tree *tree = NULL;
	if (look_up_commit(slot, commit, &c) == 0)
		git_commit_tree(&tree, c);
	git_commit_free(c);
	return tree;
}

/* Calls `f` for each file that differs. False: one of the two is not there. */
static bool each_change(struct slot *slot, const char *a, const char *b, git_diff_file_cb f,
			void *arg)
{
	if (slot_needs_fetch_trees(&slot->missing, a, b) != 0)
		return false;
	git_tree *old = tree_of(slot, a), *new = tree_of(slot, b);
	git_diff *diff = NULL;
	bool known = old && new &&git_diff_tree_to_tree(&diff, slot->git, old, new, NULL) == 0;
	if (known)
		git_diff_foreach(diff, f, NULL, NULL, NULL, arg);
	git_diff_free(diff);
	git_tree_free(old);
	git_tree_free(new);
	return known;
}

bool slot_same_kconfig(struct slot *slot, const char *a, const char *b)
{
	bool same = true;
	return each_change(slot, a, b, look_at, &same) && same;
}

static int add_path(const git_diff_delta *delta, float progress, void *arg)
{
	(void)progress;
	g_ptr_array_add(arg, g_strdup(delta->new_file.path));
	return 0;
}

GPtrArray *slot_changed(struct slot *slot, const char *a, const char *b)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	each_change(slot, a, b, add_path, paths);
	return paths;
}
