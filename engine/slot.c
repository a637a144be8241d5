#include "slot.h"

#include "store.h"

#include <errno.h>
#include <git2.h>
#include <glib.h>
#include <string.h>

struct slot {
	char *dir, *src;
	git_repository *git;
};

static err_t git_failed(struct error *error, const char *doing, const char *what)
{
	const git_error *e = git_error_last();
	const char *why = e && e->message ? e->message : "failed";
	int code = strstr(why, g_strerror(ENOSPC)) ? ENOSPC : EIO;
	return error_set(error, code, "%s %s: %s", doing, what, why);
}

static err_t borrow_objects(const char *git, const char *gitdir, struct error *error)
{
	g_autofree char *info = g_build_filename(git, "objects", "info", NULL);
	g_autofree char *path = g_build_filename(info, "alternates", NULL);
	g_autofree char *objects = g_build_filename(gitdir, "objects", NULL);
	g_autofree char *text = g_strdup_printf("%s\n", objects);
	g_autofree char *old = NULL;
	if (g_file_get_contents(path, &old, NULL, NULL) && strcmp(old, text) == 0)
		return 0;
	err_t err = store_mkdir(info, error);
	return err ? err : store_write(path, text, strlen(text), 0644, error);
}

static err_t open_git(struct slot *slot, const char *gitdir, struct error *error)
{
	g_autofree char *git = g_build_filename(slot->dir, "git", NULL);
	err_t err = store_mkdir(slot->src, error);
	if (!err)
		err = borrow_objects(git, gitdir, error);
	if (err)
		return err;
	/* no .git in src: kbuild must not find a repository there and put a '+' into the release */
	git_repository_init_options opts = GIT_REPOSITORY_INIT_OPTIONS_INIT;
	opts.flags = GIT_REPOSITORY_INIT_NO_DOTGIT_DIR | GIT_REPOSITORY_INIT_MKPATH;
	opts.workdir_path = slot->src;
	opts.template_path = "";
	opts.initial_head = "main";
	if (git_repository_init_ext(&slot->git, git, &opts) != 0)
		return git_failed(error, "cannot set up the build slot", slot->dir);
	return 0;
}

err_t slot_open(const char *gitdir, const char *dir, struct slot **out, struct error *error)
{
	struct slot *slot = g_new0(struct slot, 1);
	slot->dir = g_strdup(dir);
	slot->src = g_build_filename(dir, "src", NULL);
	err_t err = open_git(slot, gitdir, error);
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

err_t slot_checkout(struct slot *slot, const char *commit, struct error *error)
{
	git_oid id;
	git_commit *c = NULL;
	if (git_oid_fromstr(&id, commit) != 0 || git_commit_lookup(&c, slot->git, &id) != 0)
		return git_failed(error, "cannot read commit", commit);
	git_checkout_options opts = GIT_CHECKOUT_OPTIONS_INIT;
	opts.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_REMOVE_UNTRACKED;
	int rc = git_checkout_tree(slot->git, (git_object *)c, &opts);
	if (rc == 0) /* the next checkout compares with what is there now */
		rc = git_repository_set_head_detached(slot->git, &id);
	git_commit_free(c);
	return rc ? git_failed(error, "cannot check out", commit) : 0;
}
