/*
 *   checkout ─► configuration ─► make ─► kernel, signature
 *       │             └─► does it compile? (compile.c)
 *       └─► the user's build program ────────┘
 *
 * Each step ends the build when the commit is at fault (the result says why) or something else is
 * (an error).
 */
#include "kbuild.h"

#include "command.h"
#include "compile.h"
#include "configure.h"
#include "engine/base/file.h"
#include "image.h"
#include "maintainers.h"
#include "make.h"
#include "modules.h"
#include "slot.h"
#include "engine/objects/promisor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static err_t build_kernel(struct build *b, struct error *error)
{
	bool ok = false;
	err_t err = configure_places(b, error);
	if (err)
		return err;
	b->result->compiler = make_compiler(b);
	if (b->rq->compile_only)
		return compile_kernel(b, error);
	err = configure_kernel(b, &ok, error);
	build_end_part(b, "configuration");
	if (err || !ok)
		return err ? err : build_broken(b, error);
	g_autofree char *image = make_image_name(b);
	g_autofree char *target = g_path_get_basename(image);
	err = make_target(b, b->obj, target, &ok, error);
	build_end_part(b, "make");
	if (err || !ok)
		return err ? err : build_broken(b, error);
	err = image_collect(b, image, error);
	build_end_part(b, "signature");
	if (err || b->result->broken || !b->rq->modules || !modules_are_configured(b))
		return err;
	err = modules_collect(b, &ok, error);
	build_end_part(b, "modules");
	return err || ok ? err : build_broken(b, error);
}

static err_t build_other(struct build *b, struct error *error)
{
	g_autofree char *kernel = g_build_filename(b->obj, "kernel", NULL);
	g_autofree char *vmlinux = g_build_filename(b->obj, "vmlinux", NULL);
	g_autofree char *jobs = g_strdup_printf("%d", b->rq->jobs);
	err_t err = 0;
	if (b->rq->fail) /* what is not compiled again prints no warnings */
		err = file_remove_tree(b->obj, error);
	if (!err)
		err = build_mkdir(b, b->obj, error);
	if (err)
		return err;
	unlink(kernel); /* one of an earlier commit must not pass for this one's */
	unlink(vmlinux);
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	command_add_launcher(b, argv);
	command_add_words(argv, (char *[]){ (char *)b->rq->program, (char *)slot_src(b->slot),
					    b->obj, jobs, NULL });
	g_ptr_array_add(argv, NULL);
	int status = -1;
	b->result->compiler = g_strdup("the setting 'build'");
	err = command_run(b, (char **)argv->pdata, &status, error);
	g_ptr_array_unref(argv);
	if (err || status != 0)
		return err ? err : build_broken(b, error);
	if (!b->rq->compile_only)
		return image_collect(b, "kernel", error);
	build_compiled(b);
	return 0;
}

static err_t open_log(struct build *b, struct error *error)
{
	g_autofree char *path = g_build_filename(b->rq->dir, "build.log", NULL);
	err_t err = file_mkdir(b->rq->dir, error);
	if (err)
		return err;
	b->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (b->log < 0)
		return error_set(error, errno, "cannot write %s: %s", path, g_strerror(errno));
	return 0;
}

static err_t parse_words(struct build *b, struct error *error)
{
	GError *why = NULL;
	if (!b->rq->make || !*b->rq->make) {
		b->words = g_new0(char *, 1);
	} else if (!g_shell_parse_argv(b->rq->make, NULL, &b->words, &why)) {
		err_t err = error_set(error, EINVAL, "setting make: %s", why->message);
		g_error_free(why);
		return err;
	}
	return 0;
}

static err_t checkout(struct build *b, struct error *error)
{
	g_autoptr(GString) notes = g_string_new(NULL);
	char *conflict;
	err_t err = slot_checkout(b->slot, b->rq->commit, b->rq->patches, &conflict, notes, error);
	if (notes->len)
		build_note(b, "%s", notes->str);
	if (!err && conflict) {
		b->result->broken = b->result->no_tree = true;
		b->result->reason = conflict;
	}
	return err;
}

static err_t kbuild(void *from, const struct build_request *rq, struct build_result *result,
		    struct error *error)
{
	struct build b = { .rq = rq, .result = result, .log = -1 };
	struct promisor_watch watch = { .cancel = rq->cancel,
					.fetching = rq->fetching,
					.arg = rq->arg };
	b.took = g_string_new(NULL);
	b.since = g_get_monotonic_time();
	*result = (struct build_result){ 0 };
	b.obj = g_build_filename(rq->slot, rq->program ? "out" : "obj", NULL);
	b.conf = g_build_filename(rq->slot, "conf", NULL);
	b.env = command_environment(rq);
	build_watch_space(&b);
	err_t err = parse_words(&b, error);
	if (!err && rq->ccache_dir)
		err = build_mkdir(&b, rq->ccache_dir, error);
	if (!err)
		err = open_log(&b, error);
	if (!err)
		err = slot_open(from, &watch, rq->slot, &b.slot, error);
	if (!err)
		err = checkout(&b, error);
	build_end_part(&b, "checkout");
	if (!err && cancel_asked(rq->cancel))
		err = error_set(error, ECANCELED, "stopped");
	if (!err && !result->broken)
		err = rq->program ? build_other(&b, error) : build_kernel(&b, error);
	if (b.log >= 0) {
		build_note(&b, "took: %s\n", b.took->str);
		close(b.log);
	}
	g_string_free(b.took, TRUE);
	slot_free(b.slot);
	g_strfreev(b.words);
	g_strfreev(b.env);
	g_free(b.obj);
	g_free(b.conf);
	g_free(b.excess);
	space_clear(&b.space);
	if (err)
		builder_result_clear(result);
	return err;
}

static err_t kbuild_maintainers(void *from, const char *slot, const char *commit,
				const struct confinement *confine, struct cancel *cancel,
				char ***list, struct error *error)
{
	return maintainers_ask(from, slot, commit, confine, cancel, list, error);
}

struct builder kbuild_builder(const struct slot_objects *from)
{
	return (struct builder){ .self = (void *)from,
				 .build = kbuild,
				 .maintainers = kbuild_maintainers };
}
