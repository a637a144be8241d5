/*
 *   suspects ─► object ─► is it a part of this kernel? ─► all
 *
 * Suspects are the objects of what has changed since the good commits: where one of them shows the
 * bug it is the object, as if it had been known. An object is made alone. Make compiles one that
 * the configuration leaves out all the same, so where it shows the bug, make is asked whether it
 * would make it by itself; if not, or where it cannot be made alone, all is made.
 */
#include "compile.h"

#include "build_log.h"
#include "command.h"
#include "configure.h"
#include "engine/base/file.h"
#include "engine/base/spawn.h"
#include "make.h"
#include "slot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MOST_SUSPECTS 100
#define COMMANDS_LIMIT ((size_t)32 << 20)

/* What was printed until now is about nothing that was asked. */
static void forget_log(struct build *b)
{
	b->void_bytes = lseek(b->log, 0, SEEK_END);
}

static err_t configure(struct build *b, bool *ok, struct error *error)
{
	err_t err = configure_kernel(b, ok, error);
	build_end_part(b, "configuration");
	return err;
}

/* An object that is there is up to date, or no part of the kernel any more: both look alike to
 * make, which is content with it. And one that is not compiled again prints no warnings. */
static err_t remove_objects(struct build *b, const GPtrArray *objects, struct error *error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	int status;
	command_add_launcher(b, argv);
	command_add_words(argv, (char *[]){ "rm", "-f", "--", NULL });
	for (guint i = 0; i < objects->len; i++)
		g_ptr_array_add(argv, g_build_filename(b->obj, objects->pdata[i], NULL));
	g_ptr_array_add(argv, NULL);
	return command_run(b, (char **)argv->pdata, &status, error);
}

/* make's command line for some targets, with an option that holds for this time. */
static GStrv command_for(const struct build *b, const char *option, const GPtrArray *targets)
{
	g_auto(GStrv) one = make_command(b, b->obj, option);
	GPtrArray *argv = g_ptr_array_new();
	command_add_words(argv, one);
	for (guint i = 0; i < targets->len; i++)
		g_ptr_array_add(argv, g_strdup(targets->pdata[i]));
	g_ptr_array_add(argv, NULL);
	return (GStrv)g_ptr_array_free(argv, FALSE);
}

/* ---- one object ---- */

/* The object that has the bug, as the log tells; NULL: none. To be freed. */
static char *object_with_bug(struct build *b)
{
	struct build_log found;
	build_read_log(b, &found);
	bool shows = !b->rq->fail || found.matched;
	char *object = shows ? g_steal_pointer(&found.object) : NULL;
	build_log_clear(&found);
	return object;
}

/* What it was asked about last lies in the slot's directory, where no program of the tree can
 * write: "COMMIT CONFIGURATION OBJECT". */
static char *part_file(const struct build *b)
{
	return g_build_filename(slot_dir(b->slot), "part", NULL);
}

static char *configuration_digest(const struct build *b)
{
	gsize len = 0;
	g_autofree char *config = file_read_below(b->obj, ".config", (gsize)16 << 20, &len);
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, config ? config : "", -1);
}

static bool decides_parts(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return g_str_has_prefix(name, "Makefile") || g_str_has_prefix(name, "Kbuild") ||
	       g_str_has_prefix(name, "Kconfig") || g_str_has_prefix(path, "scripts/");
}

/* It was a part when that was asked last, and nothing has changed that it depends on. */
static bool is_still_part(const struct build *b, const char *object)
{
	gsize len;
	g_autofree char *path = part_file(b);
	g_autofree char *text = file_read_head(path, 4096, &len);
	g_auto(GStrv) words = g_strsplit(text ? text : "", " ", 3);
	if (g_strv_length(words) != 3 || strcmp(words[2], object) != 0)
		return false;
	g_autofree char *config = configuration_digest(b);
	g_autofree char *head = slot_head(b->slot);
	if (!head || strcmp(words[1], config) != 0)
		return false;
	g_autoptr(GPtrArray) changed = slot_changed(b->slot, words[0], head);
	bool same = changed->len || strcmp(words[0], head) == 0;
	for (guint i = 0; same && i < changed->len; i++)
		same = !decides_parts(changed->pdata[i]);
	return same;
}

static void note_part(struct build *b, const char *object)
{
	g_autofree char *path = part_file(b);
	g_autofree char *config = configuration_digest(b);
	g_autofree char *head = slot_head(b->slot);
	g_autofree char *text = g_strdup_printf("%s %s %s", head ? head : "?", config, object);
	struct error why; /* then it is asked again */
	if (file_write(path, text, strlen(text), 0600, &why) != 0)
		build_note(b, "%s\n", why.text);
}

/* Whether the kernel's own makefiles would make the object, which is not there now. */
static bool is_part(struct build *b, const char *object)
{
	if (is_still_part(b, object))
		return true;
	g_autofree char *dir = g_path_get_dirname(object);
	g_autoptr(GPtrArray) target = g_ptr_array_new_with_free_func(g_free);
	bool top = strcmp(dir, ".") == 0;
	g_ptr_array_add(target, top ? g_strdup("all") : g_strconcat(dir, "/", NULL));
	g_auto(GStrv) argv = command_for(b, "-n", target);
	g_autofree char *commands = NULL;
	int status;
	struct spawn sp = { .argv = argv,
			    .env = b->env,
			    .limits = b->rq->confine.limits,
			    .cancel = b->rq->cancel };
	bool part = spawn_capture(&sp, COMMANDS_LIMIT, &commands, &status, NULL) == 0 &&
		    build_log_makes(commands, object);
	build_note(b, "%s is %s of this kernel\n", object, part ? "a part" : "no part");
	build_end_part(b, "is it a part");
	if (part)
		note_part(b, object);
	return part;
}

/* `alone` in the result: all that has to be known of the commit is known by its object. */
static err_t make_object(struct build *b, const char *object, bool *ok, struct error *error)
{
	g_autofree char *log = g_build_filename(b->rq->dir, "build.log", NULL);
	g_autoptr(GPtrArray) objects = g_ptr_array_new();
	g_ptr_array_add(objects, (char *)object);
	err_t err = remove_objects(b, objects, error);
	forget_log(b);
	if (!err)
		err = make_target(b, b->obj, object, ok, error);
	build_end_part(b, object);
	if (err || (!*ok && build_log_lacks_rule(log, b->void_bytes, object)))
		return err;
	g_autofree char *shows = *ok && !b->rq->fail ? NULL : object_with_bug(b);
	if (*ok && shows)
		err = remove_objects(b, objects, error);
	b->result->alone = !err && ((*ok && !shows) || is_part(b, object));
	return err;
}

/* ---- suspects ---- */

static void add_suspects(const GPtrArray *paths, GPtrArray *objects)
{
	for (guint i = 0; i < paths->len; i++) {
		const char *path = paths->pdata[i];
		gsize stem = strlen(path) - 2;
		bool compiled = g_str_has_suffix(path, ".c") || g_str_has_suffix(path, ".S");
		if (!compiled || g_str_has_prefix(path, "tools/") ||
		    g_str_has_prefix(path, "scripts/") || g_str_has_prefix(path, "samples/"))
			continue;
		char *object = g_strdup_printf("%.*s.o", (int)stem, path);
		if (build_log_is_object(object) &&
		    !g_ptr_array_find_with_equal_func(objects, object, g_str_equal, NULL))
			g_ptr_array_add(objects, object);
		else
			g_free(object);
	}
}

/* The one among them that has the bug, to be freed; NULL: none, or they are too many. */
static err_t find_suspect(struct build *b, char **object, struct error *error)
{
	g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(g_free);
	for (char *const *good = b->rq->since; good && *good; good++) {
		g_autoptr(GPtrArray) paths = slot_changed(b->slot, *good, b->rq->commit);
		add_suspects(paths, objects);
	}
	*object = NULL;
	if (!objects->len || objects->len > MOST_SUSPECTS)
		return 0;
	build_note(b, "what has changed since the good commits is made first\n");
	err_t err = remove_objects(b, objects, error);
	forget_log(b);
	g_auto(GStrv) argv = command_for(b, "-k", objects);
	int status;
	if (!err)
		err = command_run(b, argv, &status, error);
	build_end_part(b, "what has changed");
	g_autofree char *found = err ? NULL : object_with_bug(b);
	if (found && g_ptr_array_find_with_equal_func(objects, found, g_str_equal, NULL))
		*object = g_steal_pointer(&found);
	return err;
}

/* ---- all ---- */

static err_t make_all(struct build *b, bool *ok, struct error *error)
{
	err_t err = 0;
	*ok = true;
	forget_log(b);
	if (b->rq->fail) { /* what is not compiled again prints no warnings */
		err = file_remove_tree(b->obj, error);
		if (!err)
			err = configure_places(b, error);
		if (!err)
			err = configure(b, ok, error);
	}
	if (!err && *ok)
		err = make_target(b, b->obj, "all", ok, error);
	build_end_part(b, "make");
	return err;
}

static err_t compile(struct build *b, bool *ok, struct error *error)
{
	g_autofree char *object = g_strdup(b->rq->object);
	err_t err = 0;
	if (!object)
		err = find_suspect(b, &object, error);
	if (!err && object) {
		err = make_object(b, object, ok, error);
		if (!err && !b->result->alone)
			build_note(b, "all is made\n");
	}
	return err || b->result->alone ? err : make_all(b, ok, error);
}

err_t compile_kernel(struct build *b, struct error *error)
{
	bool ok = false;
	err_t err = configure(b, &ok, error);
	if (!err && ok)
		err = compile(b, &ok, error);
	if (err || !ok)
		return err ? err : build_broken(b, error);
	build_compiled(b);
	return 0;
}
