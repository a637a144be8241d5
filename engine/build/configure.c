/*
 *   conf/.config   made aside: defconfig or the wanted one, completed by make olddefconfig
 *   obj/.config    moved there when it differs, so that an unchanged one keeps its time
 *   conf/stamp     commit and digest of what it was made from; while they hold, it is not made anew
 */
#include "configure.h"

#include "bisectfs/settings.h"
#include "command.h"
#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "make.h"
#include "slot.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Programs of the tree write in these directories: what lies there may be anything. */
#define CONFIG_LIMIT ((gsize)16 << 20)

static char *read_config(const char *dir)
{
	gsize len;
	return file_read_below(dir, ".config", CONFIG_LIMIT, &len);
}

/* What a tree of an earlier build has left in place of a configuration is no start for this one. */
static err_t make_directory(const struct build *b, const char *dir, struct error *error)
{
	g_autofree char *config = g_build_filename(dir, ".config", NULL);
	struct stat st;
	err_t err = 0;
	if (lstat(config, &st) == 0 && !S_ISREG(st.st_mode))
		err = file_remove_tree(dir, error);
	return err ? err : build_mkdir(b, dir, error);
}

err_t configure_places(const struct build *b, struct error *error)
{
	err_t err = make_directory(b, b->conf, error);
	return err ? err : make_directory(b, b->obj, error);
}

static err_t append_config(const char *dir, const char *text, struct error *error)
{
	g_autofree char *path = g_build_filename(dir, ".config", NULL);
	g_autofree char *old = read_config(dir);
	g_autofree char *all = g_strconcat(old ? old : "", "\n", text, "\n", NULL);
	return file_write(path, all, strlen(all), 0644, error);
}

/* Puts the wanted .config into the directory `conf`. */
static err_t prepare_config(struct build *b, const char *config, bool *ok, struct error *error)
{
	g_autofree char *dot = g_build_filename(b->conf, ".config", NULL);
	*ok = true;
	if (!*config)
		return make_target(b, b->conf, "defconfig", ok, error);
	if (!g_str_has_prefix(config, SETTING_FRAGMENT_MARK))
		return file_write(dot, config, strlen(config), 0644, error);
	const char *target = config + strlen(SETTING_FRAGMENT_MARK);
	g_autofree char *name = g_strstrip(g_strndup(target, strcspn(target, "\n")));
	err_t err = make_target(b, b->conf, name, ok, error);
	if (!err && *ok)
		err = append_config(b->conf, config, error);
	return err;
}

/* `make oldconfig` asks on its input; an empty line takes what is offered. */
static err_t answer_oldconfig(struct build *b, bool *ok, struct error *error)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) command = make_command(b, b->conf, "oldconfig");
	int status = -1;
	command_add_words(argv, (char *[]){ "sh", "-c", "yes '' | \"$@\"", "sh", NULL });
	command_add_words(argv, command);
	g_ptr_array_add(argv, NULL);
	err_t err = command_run(b, (char **)argv->pdata, &status, error);
	*ok = !err && status == 0;
	g_ptr_array_unref(argv);
	return err;
}

/* Trees before 3.7 have no olddefconfig: oldnoconfig was its name; before 2.6.36 there is neither.
 */
static err_t complete_config(struct build *b, bool *ok, struct error *error)
{
	err_t err = make_target(b, b->conf, "olddefconfig", ok, error);
	if (!err && !*ok)
		err = make_target(b, b->conf, "oldnoconfig", ok, error);
	if (!err && !*ok)
		err = answer_oldconfig(b, ok, error);
	return err;
}

/* What the configuration in `obj` was made from: the commit, then a digest of all that is not in
 * the tree. Where nothing of that has changed it needs not be made again, which takes seconds. */
static char *configuration_key(const struct build *b, const char *config)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	digest_text(sum, config);
	digest_list(sum, b->words);
	digest_text(sum, b->result->compiler);
	return g_strdup(g_checksum_get_string(sum));
}

static bool is_configured(struct build *b, const char *head, const char *key)
{
	g_autofree char *used = read_config(b->obj);
	gsize len;
	g_autofree char *text = file_read_below(b->conf, "stamp", CONFIG_LIMIT, &len);
	if (!head || !used || !text)
		return false;
	g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", 2);
	return words[0] && words[1] && strcmp(words[1], key) == 0 &&
	       slot_same_kconfig(b->slot, words[0], head);
}

/* The configuration is made aside and moved in only when it differs: an untouched .config keeps
 * its time, and make does not look at every Kconfig again. */
static err_t make_configuration(struct build *b, const char *config, bool *ok, struct error *error)
{
	err_t err = prepare_config(b, config, ok, error);
	if (!err && *ok)
		err = complete_config(b, ok, error);
	if (err || !*ok)
		return err;
	g_autofree char *used = g_build_filename(b->obj, ".config", NULL);
	g_autofree char *new = read_config(b->conf);
	g_autofree char *old = read_config(b->obj);
	if (!new) {
		build_note(b, "error: no .config was made\n");
		*ok = false;
		return 0;
	}
	if (!old || strcmp(old, new) != 0)
		err = file_write(used, new, strlen(new), 0644, error);
	return err;
}

static err_t show_configuration(struct build *b, struct error *error)
{
	g_autofree char *saved = g_build_filename(b->rq->dir, "config", NULL);
	g_autofree char *text = read_config(b->obj);
	if (!text)
		return error_set(error, EIO, "%s: the .config is gone", b->obj);
	return file_write(saved, text, strlen(text), 0644, error);
}

err_t configure_kernel(struct build *b, bool *ok, struct error *error)
{
	g_autofree char *config = NULL;
	g_autofree char *stamp = g_build_filename(b->conf, "stamp", NULL);
	g_autofree char *head = slot_head(b->slot);
	if (b->rq->config)
		g_file_get_contents(b->rq->config, &config, NULL, NULL);
	g_autofree char *key = configuration_key(b, config ? config : "");
	err_t err = 0;
	*ok = true;
	if (is_configured(b, head, key)) {
		build_note(b, "the configuration is that of the last build\n");
	} else {
		unlink(stamp);
		err = make_configuration(b, config ? config : "", ok, error);
		if (err || !*ok)
			return err;
	}
	g_autofree char *text = g_strdup_printf("%s %s\n", head ? head : "?", key);
	err = file_write(stamp, text, strlen(text), 0644, error);
	return err ? err : show_configuration(b, error);
}
