/*
 * Builds by a program of the user's that says and leaves what it likes.
 */
#include "engine/build/kbuild.h"
#include "engine/build/slot.h"
#include "engine/base/file.h"
#include "../../random-history.h"

#include <errno.h>
#include <git2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static char *dir;
static struct random_history *history;

/* Builds the first commit; a shell runs `script` with SRCDIR OUTDIR JOBS. */
static err_t build(const char *script, const struct disk *disk, struct build_result *result)
{
	g_autofree char *program = g_build_filename(dir, "program", NULL);
	g_autofree char *slot = g_build_filename(dir, "slot", NULL);
	g_autofree char *part = g_build_filename(dir, "part", NULL);
	g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", script);
	struct cancel cancel;
	struct slot_objects objects = { .gitdir = history->dir };
	struct builder builder = kbuild_builder(&objects);
	struct error why = { 0 };
	g_assert_cmpint(file_write(program, text, strlen(text), 0700, NULL), ==, 0);
	cancel_init(&cancel, true);
	struct build_request rq = { .commit = history->commits[0].hash,
				    .slot = slot,
				    .program = program,
				    .dir = part,
				    .disk = disk,
				    .jobs = 1,
				    .cancel = &cancel };
	err_t err = builder.build(builder.self, &rq, result, &why);
	cancel_clear(&cancel);
	return err;
}

static guint64 plenty(void *self, const char *place)
{
	(void)self;
	(void)place;
	return G_MAXUINT64;
}

static err_t answer(void *self, const char *place, uid_t user, gsize bytes)
{
	(void)place;
	(void)user;
	(void)bytes;
	return *(err_t *)self;
}

static void test_full(void)
{
	static const struct {
		const char *script;
		err_t disk, build;
	} cases[] = {
		{ "echo 'cc: No space left on device'; exit 1", 0, 0 },
		{ "echo 'cc: No space left on device'; exit 1", -EDQUOT, 0 },
		{ "echo 'cc: No space left on device'; exit 1", -ENOSPC, -ENOSPC },
		{ "echo 'cc: Disk quota exceeded'; exit 1", 0, 0 },
		{ "echo 'cc: Disk quota exceeded'; exit 1", -EDQUOT, -EDQUOT },
		/* it leaves no kernel */
		{ "echo 'cc: No space left on device'", 0, 0 },
		{ "echo 'cc: No space left on device'", -ENOSPC, -ENOSPC },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		err_t says = cases[i].disk;
		struct disk disk = {
			.self = &says, .room = plenty, .inodes = plenty, .probe = answer
		};
		struct build_result result;
		g_assert_cmpint(build(cases[i].script, &disk, &result), ==, cases[i].build);
		g_assert_true(result.broken == !cases[i].build);
		builder_result_clear(&result);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	git_libgit2_init();
	dir = g_dir_make_tmp("bisectfs-builder-XXXXXX", NULL);
	history = random_history_make(1, 3);
	g_test_add_func("/builder/full", test_full);
	int status = g_test_run();
	random_history_free(history);
	git_libgit2_shutdown();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
