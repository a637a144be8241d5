/*
 * Scalars and large settings alike are files, so that a restart finds them; scalars are kept in
 * memory too. A write makes a new file in the old one's place.
 */
#include "set.h"

#include "rights.h"

#include "engine/base/file.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Scalars of a draft, or the defaults, are small files beside the large ones. */
err_t set_load(struct engine *e, const char *name, struct settings *settings, struct error *error)
{
	for (int i = 0; i < SETTINGS; i++) {
		if (setting_is_large((enum setting)i))
			continue;
		g_autofree char *path =
			state_dir_setting(e->state, name, setting_name((enum setting)i));
		g_autofree char *text = NULL;
		gsize len;
		if (!g_file_get_contents(path, &text, &len, NULL)) {
			if (name) { /* never set: the default of now */
				g_free(settings->value[i]);
				settings->value[i] = g_strdup(e->defaults.value[i]);
			}
			continue;
		}
		err_t err = settings_set(settings, (enum setting)i, text, len, error);
		if (err) {
			error_prefix(error, "%s", path);
			return err;
		}
	}
	return 0;
}

static err_t writable(struct engine *e, const struct command *c, struct settings **settings,
		      struct error *error)
{
	*settings = &e->defaults;
	if (!c->name)
		return 0;
	struct bisection *b = state_bisection(e, c);
	if (!b)
		return command_gone(c, error);
	*settings = &b->s->settings;
	if (b->s->state != STATE_DRAFT)
		return error_set(error, EBUSY,
				 "%s: '%s' is started, its settings cannot change any more",
				 c->word, c->name);
	return 0;
}

/* What was looked up for a start with the old ones is looked up again. */
static void changed(struct engine *e, const struct command *c)
{
	struct bisection *b = state_bisection(e, c);
	if (b)
		b->settings_version++;
	else
		e->defaults_version++;
	e->view.setting(e->view.self, c->name, c->word);
}

static err_t set_scalar(struct settings *settings, enum setting id, const char *path,
			const char *data, gsize len, struct error *error)
{
	struct settings trial;
	settings_copy(&trial, settings);
	err_t err = settings_set(&trial, id, data, len, error);
	if (!err) {
		const char *text = settings_text(&trial, id);
		err = file_write(path, text, strlen(text), 0644, error);
	}
	if (!err) {
		g_free(settings->value[id]);
		settings->value[id] = g_steal_pointer(&trial.value[id]);
	}
	settings_clear(&trial);
	return err;
}

/* By the owner, not by who writes: a program with root's rights may write what its user says. */
static err_t check_rights(const struct engine *e, const struct command *c, int id, const char *data,
			  gsize len, struct error *error)
{
	const struct bisection *b = state_bisection(e, c);
	g_autofree char *text = g_strndup(data, len);
	if (!b || id < 0)
		return 0;
	struct spawn_user owner = { b->s->uid, b->s->gid };
	return rights_check_setting(e, owner, (enum setting)id, text, error);
}

err_t set_write(struct engine *e, const struct command *c, struct error *error)
{
	struct settings *settings;
	err_t err = writable(e, c, &settings, error);
	gsize len = 0;
	const char *data = c->data ? g_bytes_get_data(c->data, &len) : "";
	int id = setting_find(c->word);
	if (!err)
		err = check_rights(e, c, id, data ? data : "", len, error);
	if (err)
		return err;
	g_autofree char *path = state_dir_setting(e->state, c->name, c->word);
	struct stat st; /* a file made private stays so when it is written again */
	int mode = c->mode >= 0 ? c->mode : stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : 0644;
	if (id < 0) { /* files/NAME: anything goes */
		if (len > SETTING_FILE_LIMIT)
			return error_set(error, EFBIG, "%s: at most %zu bytes are taken", c->word,
					 SETTING_FILE_LIMIT);
		err = file_write(path, data ? data : "", len, mode, error);
	} else if (setting_is_large((enum setting)id)) {
		err = setting_check_large((enum setting)id, data ? data : "", len, error);
		if (!err)
			err = file_write(path, data ? data : "", len, mode, error);
	} else {
		err = set_scalar(settings, (enum setting)id, path, data ? data : "", len, error);
	}
	if (!err)
		changed(e, c);
	return err;
}

/* Also while it runs: what is private or not does not change what is tested. A setting that nobody
 * has written yet becomes an empty one, which reads the same, so that its content never has another
 * mode than the one that was chosen for it. */
err_t set_mode(struct engine *e, const struct command *c, struct error *error)
{
	g_autofree char *path = state_dir_setting(e->state, c->name, c->word);
	if (c->name && !state_bisection(e, c))
		return command_gone(c, error);
	err_t err = 0;
	if (setting_find(c->word) >= 0 && !file_exists(path))
		err = file_write(path, "", 0, c->mode, error);
	else if (chmod(path, (mode_t)c->mode) != 0)
		err = error_set(error, errno, "%s: %s", c->word, g_strerror(errno));
	if (!err)
		changed(e, c);
	return err;
}

err_t set_unset(struct engine *e, const struct command *c, struct error *error)
{
	struct settings *settings;
	err_t err = writable(e, c, &settings, error);
	if (err)
		return err;
	g_autofree char *path = state_dir_setting(e->state, c->name, c->word);
	if (unlink(path) != 0)
		return error_set(error, errno, "%s: %s", c->word, g_strerror(errno));
	changed(e, c);
	return 0;
}
