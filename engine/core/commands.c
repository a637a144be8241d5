/*
 * What users ask for: each command is checked, recorded, and answered once.
 */
#include "core.h"

#include "engine/base/digest.h"
#include "engine/history/commit_settings.h"
#include "engine/history/merge_base.h"
#include "engine/session/releases.h"
#include "rights.h"
#include "engine/base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct command *command_new(enum command_kind kind, const char *name, uid_t uid, gid_t gid)
{
	struct command *c = g_new0(struct command, 1);
	c->kind = kind;
	c->name = g_strdup(name);
	c->uid = uid;
	c->gid = gid;
	c->mode = -1;
	return c;
}

void command_free(struct command *c)
{
	if (!c)
		return;
	g_free(c->name);
	g_free(c->word);
	g_free(c->made);
	if (c->data)
		g_bytes_unref(c->data);
	g_free(c);
}

void engine_command(struct engine *e, struct command *c)
{
	core_post(e, (struct message){ .kind = MSG_COMMAND, .command = c });
}

void command_answer(struct command *c, err_t err, const struct error *error)
{
	c->done(c, err, error);
	command_free(c);
}

char *command_text(const struct command *c)
{
	gsize len = 0;
	const char *data = c->data ? g_bytes_get_data(c->data, &len) : NULL;
	return g_strstrip(g_strndup(data ? data : "", len));
}

err_t command_gone(const struct command *c, struct error *error)
{
	return error_set(error, ENODEV, "bisection '%s' does not exist any more", c->name);
}

/* ---- settings ---- */

/* Scalars of a draft, or the defaults, are small files beside the large ones. */
err_t commands_load_settings(struct engine *e, const char *name, struct settings *settings,
			     struct error *error)
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
	struct bisection *b = core_find(e, c->name);
	if (!b)
		return command_gone(c, error);
	*settings = &b->s->settings;
	if (b->s->state != STATE_DRAFT)
		return error_set(error, EBUSY,
				 "%s: '%s' is started, its settings cannot change any more",
				 c->word, c->name);
	return 0;
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
	const struct bisection *b = c->name ? core_find(e, c->name) : NULL;
	g_autofree char *text = g_strndup(data, len);
	if (!b || id < 0)
		return 0;
	struct spawn_user owner = { b->s->uid, b->s->gid };
	return rights_check_setting(e, owner, (enum setting)id, text, error);
}

static err_t set_setting(struct engine *e, const struct command *c, struct error *error)
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
		e->view.setting(e->view.self, c->name, c->word);
	return err;
}

/* Also while it runs: what is private or not does not change what is tested. A setting that nobody
 * has written yet becomes an empty one, which reads the same, so that its content never has another
 * mode than the one that was chosen for it. */
static err_t set_mode(struct engine *e, const struct command *c, struct error *error)
{
	g_autofree char *path = state_dir_setting(e->state, c->name, c->word);
	if (c->name && !core_find(e, c->name))
		return command_gone(c, error);
	err_t err = 0;
	if (setting_find(c->word) >= 0 && !file_exists(path))
		err = file_write(path, "", 0, c->mode, error);
	else if (chmod(path, (mode_t)c->mode) != 0)
		err = error_set(error, errno, "%s: %s", c->word, g_strerror(errno));
	if (!err)
		e->view.setting(e->view.self, c->name, c->word);
	return err;
}

static err_t unset_file(struct engine *e, const struct command *c, struct error *error)
{
	struct settings *settings;
	err_t err = writable(e, c, &settings, error);
	if (err)
		return err;
	g_autofree char *path = state_dir_setting(e->state, c->name, c->word);
	if (unlink(path) != 0)
		return error_set(error, errno, "%s: %s", c->word, g_strerror(errno));
	e->view.setting(e->view.self, c->name, c->word);
	return 0;
}

/* ---- start ---- */

static bool has_setting(struct engine *e, const char *name, enum setting id)
{
	g_autofree char *path = state_dir_setting(e->state, name, setting_name(id));
	g_autofree char *text = NULL;
	gsize len = 0;
	return g_file_get_contents(path, &text, &len, NULL) && len > 0;
}

/* Settings that this version knows but does not act on, and such as contradict each other: said,
 * not passed over in silence. */
static err_t check_supported(struct engine *e, const struct command *c,
			     const struct settings *settings, struct error *error)
{
	struct release_version v;
	const char *oldest = settings_text(settings, SET_OLDEST);
	if (has_setting(e, c->name, SET_BASELINE) && !has_setting(e, c->name, SET_CONFIG))
		return error_set(error, EINVAL,
				 "baseline: there is nothing to minimise without a 'config'");
	if (has_setting(e, c->name, SET_BASELINE) && has_setting(e, c->name, SET_BUILD))
		return error_set(error, EINVAL,
				 "baseline: kernels of a 'build' program have no configuration "
				 "that could be minimised");
	if (!release_parse(oldest, &v))
		return error_set(error, EINVAL, "oldest: '%s' is not a release tag (vX.Y)", oldest);
	return 0;
}

static err_t check_start(struct engine *e, const struct command *c, char **words,
			 struct error *error)
{
	struct bisection *b = core_find(e, c->name);
	if (c->name && !b)
		return command_gone(c, error);
	if (b && b->s->state != STATE_DRAFT)
		return error_set(error, EBUSY, "'%s' is started already (it is %s)", c->name,
				 session_state_name(b->s->state));
	if (!b) {
		err_t err = rights_check_defaults(e, (struct spawn_user){ c->uid, c->gid }, error);
		if (err)
			return err;
	}
	if (!words[0])
		return error_set(
			error, EINVAL,
			"start: write 'BAD' or 'BAD GOOD...', revisions as git names them");
	if (!has_setting(e, c->name, SET_REPRODUCER) && !has_setting(e, c->name, SET_BUILD))
		return error_set(error, EINVAL,
				 "no reproducer: cp one to %s/settings/reproducer first",
				 c->name ? c->name : "new");
	return check_supported(e, c, b ? &b->s->settings : &e->defaults, error);
}

static void start_free(struct start *st)
{
	g_strfreev(st->words);
	g_free(st->bad);
	g_ptr_array_unref(st->goods);
	if (st->range) {
		next_query_clear(st->range);
		g_free(st->range);
	}
	g_free(st);
}

GStrv command_words(const char *text)
{
	g_auto(GStrv) parts = g_strsplit_set(text, " \t\r\n", -1);
	GPtrArray *words = g_ptr_array_new();
	for (char **p = parts; *p; p++) {
		if (**p)
			g_ptr_array_add(words, g_strdup(*p));
	}
	g_ptr_array_add(words, NULL);
	return (GStrv)g_ptr_array_free(words, FALSE);
}

static void start_command(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	g_autofree char *text = command_text(c);
	g_auto(GStrv) words = command_words(text);
	err_t err = check_start(e, c, words, &error);
	if (err) {
		command_answer(c, err, &error);
		return;
	}
	struct bisection *b = core_find(e, c->name);
	const struct settings *settings = b ? &b->s->settings : &e->defaults;
	struct start *st = g_new0(struct start, 1);
	st->e = e;
	st->command = c;
	st->words = g_steal_pointer(&words);
	st->goods = g_ptr_array_new_with_free_func(g_free);
	st->fix = settings_is_fix(settings);
	e->workers.lookup(e->workers.self, st);
}

/* One good that descends from the bad means that the two were swapped (in fix mode it is what is
 * expected: the good one is the fixed, later one). */
static err_t check_order(struct repo *repo, const struct start *st, const struct oid *bad,
			 const struct oid *good, const char *word, struct error *error)
{
	if (oid_compare(bad, good) == 0)
		return error_set(error, EINVAL, "%s: the same commit cannot be good and bad", word);
	struct history *h = repo_history(repo);
	struct walk w;
	const struct oid *older = st->fix ? good : bad, *newer = st->fix ? bad : good;
	uint32_t a = history_number(h, older), b = history_number(h, newer);
	g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	walk_init(&w, h, false);
	err_t err = merge_base_find(&w, a, &b, 1, bases, error);
	walk_clear(&w);
	if (err)
		return err;
	if (bases->len && g_array_index(bases, uint32_t, 0) == a)
		return error_set(error, EINVAL, "good '%s' is %s of bad '%s'%s", word,
				 st->fix ? "an ancestor" : "a descendant", st->words[0],
				 st->fix ? "" : ": to find a fix, set mode to fix");
	return 0;
}

static char *large_text(const struct start *st, enum setting id)
{
	g_autofree char *path =
		state_dir_setting(st->e->state, st->command->name, setting_name(id));
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* Settings that name commits and tags. */
static err_t check_settings(const struct start *st, struct repo *repo, struct error *error)
{
	g_autofree char *compilers = large_text(st, SET_COMPILERS);
	g_autofree char *backports = large_text(st, SET_BACKPORTS);
	return commit_settings_check(repo, compilers, backports, error);
}

static err_t resolve(struct start *st, struct repo *repo, struct error *error)
{
	struct oid bad;
	char hex[OID_HEX + 1];
	err_t err = repo_resolve(repo, st->words[0], &bad, error);
	if (err)
		return err;
	oid_print(&bad, hex);
	st->bad = g_strdup(hex);
	if (!st->words[1] && repo_is_shallow(repo))
		return error_set(error, EINVAL,
				 "the repository is shallow: without all of its history no release "
				 "can be walked to and no fix be found; git fetch --unshallow");
	for (char **w = st->words + 1; *w; w++) {
		struct oid good;
		err = repo_resolve(repo, *w, &good, error);
		if (!err)
			err = check_order(repo, st, &bad, &good, *w, error);
		if (err)
			return err;
		oid_print(&good, hex);
		if (g_ptr_array_find_with_equal_func(st->goods, hex, g_str_equal, NULL))
			return error_set(error, EINVAL, "%s: this commit is given twice", *w);
		g_ptr_array_add(st->goods, g_strdup(hex));
	}
	g_ptr_array_add(st->goods, NULL);
	return check_settings(st, repo, error);
}

/* The repository may have gained commits since it was opened, and libgit2 looks for new packs only
 * when an object is missing, so one handle serves for all. */
void commands_resolve(struct start *st)
{
	st->err = st->range ? control_resolve(st, st->e->repo, &st->error)
			    : resolve(st, st->e->repo, &st->error);
}

static char *free_name(struct engine *e, const char *commit)
{
	char *name = g_strndup(commit, 12);
	for (int i = 2; core_find(e, name); i++) {
		g_free(name);
		name = g_strdup_printf("%.12s-%d", commit, i);
	}
	return name;
}

static void digest_files(GChecksum *sum, const char *path)
{
	g_autoptr(GPtrArray) names = file_names(path);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
		digest_text(sum, names->pdata[i]);
		digest_file(sum, file);
	}
}

/* All that a run's outcome depends on beside the kernel: where it is equal, bisections share their
 * results. NULL where a result depends on the bisection itself. */
static char *experiment_key(const struct engine *e, const struct session *s)
{
	static const enum setting matter[] = { SET_ROOTFS,  SET_RUNS,  SET_CONFIDENCE,
					       SET_TIMEOUT, SET_READY, SET_BOOT_TIMEOUT,
					       SET_PASS,    SET_FAIL,  SET_MATCH,
					       SET_MEMORY,  SET_CPUS,  SET_CMDLINE,
					       SET_ARCH };
	static const enum setting large[] = { SET_REPRODUCER, SET_DOMAIN };
	if (strcmp(settings_text(&s->settings, SET_MATCH), "type") == 0)
		return NULL;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (gsize i = 0; i < G_N_ELEMENTS(matter); i++)
		digest_text(sum, settings_text(&s->settings, matter[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(large); i++) {
		g_autofree char *path =
			state_dir_setting(e->state, s->name, setting_name(large[i]));
		digest_file(sum, path);
	}
	/* gigabytes that this thread cannot read through: one that was repaired in place is
	 * another one */
	if (*settings_text(&s->settings, SET_ROOTFS))
		digest_identity(sum, settings_text(&s->settings, SET_ROOTFS));
	g_autofree char *files = state_dir_setting(e->state, s->name, SETTING_FILES_DIR);
	digest_files(sum, files);
	recipe_add_user(e, s, sum);
	return g_strdup(g_checksum_get_string(sum));
}

static err_t begin(struct engine *e, struct start *st, struct error *error)
{
	struct command *c = st->command;
	g_autofree char *text = command_text(c);
	g_auto(GStrv) words = command_words(text);
	err_t err = check_start(e, c, words, error); /* it may have changed meanwhile */
	if (err)
		return err;
	struct bisection *b = core_find(e, c->name);
	if (!b) {
		c->made = free_name(e, st->bad);
		err = core_add(e, c->made, c->uid, c->gid, &b, error);
		if (err)
			return err;
	}
	struct event ev = event_make(EV_STARTED);
	ev.started.text = g_steal_pointer(&text);
	ev.started.commit = g_strdup(st->bad);
	ev.started.goods = g_strdupv((GStrv)st->goods->pdata);
	ev.started.values = settings_to_json(&b->s->settings);
	ev.started.host = g_strdup(e->host);
	ev.started.key = experiment_key(e, b->s);
	err = core_record(e, b, &ev, error);
	if (err && c->made) {
		core_drop(e, c->made);
		state_dir_remove_bisection(e->state, c->made, NULL);
	} else if (c->made) { /* shown whole, as started */
		e->view.added(e->view.self, b->s, false);
	}
	return err;
}

void commands_resolved(struct engine *e, struct start *st)
{
	struct error error = st->error;
	err_t err = st->err	? st->err
		    : st->range ? control_judge(e, st, &error)
				: begin(e, st, &error);
	command_answer(st->command, err, &error);
	start_free(st);
}

/* ---- the others ---- */

static err_t make_draft(struct engine *e, const struct command *c, struct error *error)
{
	struct bisection *b;
	if (core_find(e, c->name))
		return error_set(error, EEXIST, "there is a bisection '%s' already", c->name);
	err_t err = core_add(e, c->name, c->uid, c->gid, &b, error);
	if (!err)
		e->view.added(e->view.self, b->s, true);
	return err;
}

static err_t remove_bisection(struct engine *e, const struct command *c, struct error *error)
{
	struct bisection *b = core_find(e, c->name);
	if (!b)
		return command_gone(c, error);
	if (session_in_progress(b->s))
		return error_set(error, EBUSY, "'%s' is %s: write abort to its control file first",
				 c->name, session_state_name(b->s->state));
	return core_remove(e, c->name, error);
}

void commands_take(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	err_t err = -EINVAL;
	switch (c->kind) {
	case CMD_START:
		start_command(e, c);
		return;
	case CMD_MKDIR:
		err = make_draft(e, c, &error);
		break;
	case CMD_RMDIR:
		err = remove_bisection(e, c, &error);
		break;
	case CMD_CONTROL:
		control_take(e, c);
		return;
	case CMD_SET:
		err = set_setting(e, c, &error);
		break;
	case CMD_MODE:
		err = set_mode(e, c, &error);
		break;
	case CMD_UNSET:
		err = unset_file(e, c, &error);
		break;
	}
	command_answer(c, err, &error);
}
