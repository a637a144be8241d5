/*
 *   configuration ─► the object that is asked for ─► configuration ─► all
 *                              └─► (make knows it: that is all)
 */
#include "compile.h"

#include "build_log.h"
#include "command.h"
#include "configure.h"
#include "engine/base/file.h"
#include "make.h"

#include <errno.h>
#include <unistd.h>

static err_t configure(struct build *b, bool *ok, struct error *error)
{
	err_t err = configure_kernel(b, ok, error);
	build_end_part(b, "configuration");
	return err;
}

/* An object that is there is up to date, or no part of the kernel any more: both look alike to
 * make, which is content with it. And one that is not compiled again prints no warnings. */
static err_t remove_object(struct build *b, struct error *error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = g_build_filename(b->obj, b->rq->object, NULL);
	int status;
	command_add_launcher(b, argv);
	command_add_words(argv, (char *[]){ "rm", "-f", "--", path, NULL });
	g_ptr_array_add(argv, NULL);
	return command_run(b, (char **)argv->pdata, &status, error);
}

/* `alone` in the result: make knows the object, whether it could be made or not. */
static err_t make_object(struct build *b, bool *ok, struct error *error)
{
	g_autofree char *log = g_build_filename(b->rq->dir, "build.log", NULL);
	err_t err = configure(b, ok, error);
	if (!err && *ok)
		err = remove_object(b, error);
	if (err || !*ok)
		return err;
	off_t begun = lseek(b->log, 0, SEEK_END);
	err = make_target(b, b->obj, b->rq->object, ok, error);
	build_end_part(b, b->rq->object);
	b->result->alone = !err && (*ok || !build_log_lacks_rule(log, begun, b->rq->object));
	return err;
}

static err_t make_all(struct build *b, bool *ok, struct error *error)
{
	err_t err = 0;
	if (b->rq->fail) { /* what is not compiled again prints no warnings */
		err = file_remove_tree(b->obj, error);
		if (!err)
			err = configure_places(b, error);
	}
	if (!err)
		err = configure(b, ok, error);
	if (!err && *ok)
		err = make_target(b, b->obj, "all", ok, error);
	build_end_part(b, "make");
	return err;
}

err_t compile_kernel(struct build *b, struct error *error)
{
	bool ok = false;
	err_t err = 0;
	if (b->rq->object) {
		err = make_object(b, &ok, error);
		if (!err && !b->result->alone) {
			build_note(b, "%s cannot be made alone here: all is made\n",
				   b->rq->object);
			b->void_bytes = lseek(b->log, 0, SEEK_END);
		}
	}
	if (!err && !b->result->alone)
		err = make_all(b, &ok, error);
	if (err || !ok)
		return err ? err : build_broken(b, error);
	build_compiled(b);
	return 0;
}
