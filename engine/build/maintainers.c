/*
 * The script runs in the slot's checked out tree, in a cage that shows it the user's repository. It
 * asks git only where it sees a .git, so one is put there meanwhile.
 */
#include "maintainers.h"

#include "cage.h"
#include "slot.h"
#include "engine/base/spawn.h"
#include "engine/base/file.h"
#include "engine/objects/promisor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LKML "linux-kernel@vger.kernel.org"

/* "Name <address> (role:subsystem)" or "address (open list:SUBSYSTEM)". */
static char *split_line(const char *line, const char **role)
{
	const char *open = strrchr(line, '(');
	const char *lt = strchr(line, '<'), *gt = lt ? strchr(lt, '>') : NULL;
	char *address;
	if (!open || open == line)
		return NULL;
	*role = open + 1;
	/* a subsystem may have parentheses in its name: the role starts at the first after it */
	const char *first = strchr(gt ? gt : line, '(');
	if (first)
		*role = first + 1;
	if (gt)
		address = g_strndup(lt + 1, (gsize)(gt - lt - 1));
	else
		address = g_strstrip(g_strndup(line, (gsize)((first ? first : open) - line)));
	if (!strchr(address, '@') || strpbrk(address, " \t\"<>,"))
		g_clear_pointer(&address, g_free);
	return address;
}

static bool is_to(const char *role)
{
	return strstr(role, "maintainer:") || strstr(role, "supporter:") || strstr(role, "list:");
}

#define MOST_ADDRESSES 1000

static void add(GPtrArray *out, const char *word, const char *address)
{
	if (out->len >= MOST_ADDRESSES)
		return;
	for (guint i = 0; i < out->len; i++) {
		if (g_ascii_strcasecmp((const char *)g_ptr_array_index(out, i) + 4, address) == 0)
			return;
	}
	g_ptr_array_add(out, g_strdup_printf("%s: %s", word, address));
}

void maintainers_parse(const char *text, GPtrArray *out)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool lkml = false, list = false;
	for (int to = 1; to >= 0; to--) {
		for (char **l = lines; *l; l++) {
			const char *role;
			g_autofree char *address = split_line(*l, &role);
			if (!address)
				continue;
			if (strcmp(address, LKML) == 0) {
				lkml = true;
				continue;
			}
			list = list || strstr(role, "list") != NULL;
			if (is_to(role) == (to == 1))
				add(out, to ? "to" : "cc", address);
		}
	}
	if (lkml)
		add(out, list ? "cc" : "to", LKML);
}

struct question {
	struct slot *slot;
	const struct slot_objects *from;
	const char *patch;
	const struct confinement *confine;
	bool blame;
	struct cancel *cancel;
};

/* The script is the tree's: it reads, and needs to write nothing. */
static GPtrArray *script_command(const struct question *q)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	const char *readable[] = { slot_dir(q->slot), q->from->gitdir,
				   q->from->promisor ? promisor_objects(q->from->promisor) : NULL,
				   NULL };
	struct cage cage = { .readable = readable, .user = q->confine->user };
	if (q->confine->caged)
		cage_add(argv, &cage);
	g_ptr_array_add(argv, g_strdup("perl"));
	g_ptr_array_add(argv, g_strdup("scripts/get_maintainer.pl"));
	g_ptr_array_add(argv, g_strdup("--git-min-percent=20"));
	if (q->blame)
		g_ptr_array_add(argv, g_strdup("--git-blame"));
	g_ptr_array_add(argv, g_strdup(q->patch));
	g_ptr_array_add(argv, NULL);
	return argv;
}

#define OUTPUT_LIMIT ((size_t)256 << 10) /* bytes that are looked at */
#define OUTPUT_LIMIT_MIB 4		 /* what is printed beyond ends the script */

/* A script that fails has no answer; that is nobody's fault. */
static err_t run_script(const struct question *q, GPtrArray *out, struct error *error)
{
	g_autoptr(GPtrArray) argv = script_command(q);
	g_autofree char *text = NULL;
	int status = -1;
	g_auto(GStrv) env = spawn_environment(q->confine->user);
	struct spawn sp = { .argv = (char **)argv->pdata,
			    .env = env,
			    .dir = slot_src(q->slot),
			    .limits = q->confine->limits,
			    .cancel = q->cancel };
	sp.limits.output_mib = OUTPUT_LIMIT_MIB;
	err_t err = spawn_capture(&sp, OUTPUT_LIMIT, &text, &status, error);
	if (!err && status == 0)
		maintainers_parse(text, out);
	return err == -ECANCELED ? err : 0;
}

err_t maintainers_ask(const struct slot_objects *from, const char *dir, const char *commit,
		      const struct confinement *confine, struct cancel *cancel, char ***list,
		      struct error *error)
{
	struct slot *slot = NULL;
	char *conflict = NULL, *text = NULL;
	g_autoptr(GString) notes = g_string_new(NULL);
	GPtrArray *out = g_ptr_array_new();
	struct promisor_watch watch = { .cancel = cancel };
	err_t err = slot_open(from, &watch, dir, &slot, error);
	if (!err)
		err = slot_checkout(slot, commit, NULL, &conflict, notes, error);
	g_autofree char *script =
		err ? NULL : g_build_filename(slot_src(slot), "scripts/get_maintainer.pl", NULL);
	if (!err && file_exists(script)) {
		/* the script asks git only where it sees a .git; builds must see none */
		g_autofree char *dotgit = g_build_filename(slot_src(slot), ".git", NULL);
		g_autofree char *patch = g_build_filename(dir, SLOT_PATCH, NULL);
		g_autofree char *git = g_strdup_printf("gitdir: %s/git\n", dir);
		err = slot_patch(slot, commit, &text, error);
		if (!err)
			err = file_write(patch, text, strlen(text), 0644, error);
		if (!err)
			err = file_write(dotgit, git, strlen(git), 0644, error);
		struct question q = { .slot = slot,
				      .from = from,
				      .patch = patch,
				      .confine = confine,
				      .cancel = cancel };
		if (!err)
			err = run_script(&q, out, error);
		q.blame = true;
		if (!err && out->len < 3)
			err = run_script(&q, out, error);
		unlink(dotgit);
		unlink(patch);
	}
	slot_free(slot);
	g_free(text);
	g_ptr_array_add(out, NULL);
	*list = (char **)g_ptr_array_free(out, FALSE);
	if (err)
		g_clear_pointer(list, g_strfreev);
	return err;
}
