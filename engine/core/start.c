/*
 * A start is checked twice: when it is written, and when its revisions are known, since settings
 * and names may have changed meanwhile.
 */
#include "start.h"

#include "facts.h"
#include "rights.h"
#include "set.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"
#include "engine/session/releases.h"
#include "engine/store/journal.h"
#include "engine/store/state_dir.h"
#include "engine/text/bisection_log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- drafts ---- */

static err_t nothing_to_replay(const struct event *ev, void *arg, struct error *error)
{
	(void)arg;
	return error_set(error, EEXIST, "a new journal has '%s' in it", event_kind_name(ev->kind));
}

static err_t open_journal(struct engine *e, struct bisection *b, struct error *error)
{
	g_autofree char *dir = state_dir_bisection(e->state, b->s->name);
	g_autofree char *path = g_build_filename(dir, "journal", NULL);
	return journal_open(path, e->disk, nothing_to_replay, NULL, &b->journal, error);
}

/* What root keeps from others does not become theirs. */
static err_t copy_defaults(struct engine *e, const char *name, uid_t uid, gid_t gid,
			   struct error *error)
{
	g_autofree char *settings = state_dir_setting(e->state, name, NULL);
	g_autofree char *defaults = state_dir_setting(e->state, NULL, NULL);
	bool other = spawn_is_other((struct spawn_user){ uid, gid });
	err_t err = state_dir_make_settings(e->state, name, error);
	return err ? err : file_copy_tree(defaults, settings, other ? S_IROTH : 0, error);
}

static err_t record_creation(struct engine *e, struct bisection *b, uid_t uid, gid_t gid,
			     struct error *error)
{
	struct event ev = event_make(EV_CREATED);
	ev.created.name = g_strdup(b->s->name);
	ev.created.uid = uid;
	ev.created.gid = gid;
	ev.time = state_now(e);
	err_t err = journal_append(b->journal, &ev, error);
	if (!err) /* the file itself is on disk; so must be its name */
		err = state_dir_sync_bisection(e->state, b->s->name, error);
	if (!err)
		err = bisection_log_apply(b->s, b->log, &ev, error);
	if (!err) /* the first fact; the view shows it when the bisection is added */
		e->view.changed(e->view.self, b->s, &ev);
	event_clear(&ev);
	return err;
}

static void trash_bisection(struct engine *e, const char *name)
{
	g_autofree char *dir = state_dir_bisection(e->state, name);
	trash_put(e->trash, dir, NULL);
}

err_t start_draft(struct engine *e, const char *name, uid_t uid, gid_t gid, struct bisection **out,
		  struct error *error)
{
	struct bisection *b = bisection_new(name, bisections_serial(e->bisections));
	err_t err = copy_defaults(e, name, uid, gid, error);
	if (!err)
		err = open_journal(e, b, error);
	if (!err)
		err = set_load(e, name, &b->s->settings, error);
	if (!err)
		err = record_creation(e, b, uid, gid, error);
	if (err) {
		bisection_free(b);
		trash_bisection(e, name);
		return err;
	}
	bisections_add(e->bisections, b);
	*out = b;
	return 0;
}

static void drop(struct engine *e, struct bisection *b)
{
	g_autofree char *name = g_strdup(b->s->name);
	guint64 serial = b->s->serial;
	struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->serial == serial)
			jobs_stop(job);
	}
	bisections_remove(e->bisections, b);
	e->view.removed(e->view.self, name, serial);
}

err_t start_remove(struct engine *e, struct bisection *b, struct error *error)
{
	g_autofree char *dir = state_dir_bisection(e->state, b->s->name);
	err_t err = trash_put(e->trash, dir, error);
	if (err && file_exists(dir))
		return err;
	drop(e, b);
	return 0;
}

/* ---- what was written ---- */

/* "[--first-parent] BAD [GOOD...] [-- PATH...]"; a path with blanks is quoted as for the shell. */
struct words {
	GStrv revisions;
	GStrv paths; /* NULL: none */
	bool first_parent;
};

static void words_clear(struct words *w)
{
	g_strfreev(w->revisions);
	g_strfreev(w->paths);
}

/* Where a word "--" is; NULL: there is none. */
static char *find_dashes(char *text)
{
	for (char *at = text; (at = strstr(at, "--")); at += 2) {
		bool begins = at == text || g_ascii_isspace(at[-1]);
		if (begins && (!at[2] || g_ascii_isspace(at[2])))
			return at;
	}
	return NULL;
}

static err_t words_split(const struct command *c, struct words *w, struct error *error)
{
	g_autofree char *text = command_text(c);
	g_autoptr(GError) why = NULL;
	*w = (struct words){ 0 };
	char *dashes = find_dashes(text);
	if (dashes)
		*dashes = '\0';
	w->revisions = command_words(text);
	for (guint n = g_strv_length(w->revisions);
	     n && strcmp(w->revisions[0], "--first-parent") == 0; n--) {
		w->first_parent = true;
		g_free(w->revisions[0]);
		memmove(w->revisions, w->revisions + 1, n * sizeof(*w->revisions));
	}
	if (dashes && !g_shell_parse_argv(dashes + 2, NULL, &w->paths, &why) &&
	    !g_error_matches(why, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
		return error_set(error, EINVAL, "start: the paths after --: %s", why->message);
	return 0;
}

/* ---- checks ---- */

static bool has_setting(struct engine *e, const char *name, enum setting id)
{
	g_autofree char *path = state_dir_setting(e->state, name, setting_name(id));
	struct stat st;
	return stat(path, &st) == 0 && st.st_size > 0;
}

/* Whose settings: a bisection's, or with no name the defaults. */
struct place {
	struct engine *e;
	const char *name;
};

static bool has_large(void *arg, enum setting id)
{
	const struct place *place = arg;
	return has_setting(place->e, place->name, id);
}

/* Settings that contradict each other: said, not passed over in silence. */
static err_t check_settings(struct engine *e, const struct command *c,
			    const struct settings *settings, struct error *error)
{
	struct release_version v;
	const char *oldest = settings_text(settings, SET_OLDEST);
	struct place place = { e, c->name };
	err_t err = settings_fit_together(settings, has_large, &place, error);
	if (err)
		return err;
	bool runs = settings_test(settings) == TEST_RUN;
	if (runs && !has_setting(e, c->name, SET_REPRODUCER) && !has_setting(e, c->name, SET_BUILD))
		return error_set(error, EINVAL,
				 "no reproducer: cp one to %s/settings/reproducer first, or write "
				 "boot, build or manual to %s/settings/test",
				 c->name ? c->name : "new", c->name ? c->name : "new");
	if (!release_parse(oldest, &v))
		return error_set(error, EINVAL, "oldest: '%s' is not a release tag (vX.Y)", oldest);
	return 0;
}

static err_t check(struct engine *e, const struct command *c, char *const *words,
		   struct error *error)
{
	struct bisection *b = state_bisection(e, c);
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
	if (!words[0] && !has_setting(e, c->name, SET_BISECT_LOG))
		return error_set(
			error, EINVAL,
			"start: write 'BAD' or 'BAD GOOD...', revisions as git names them; "
			"--first-parent before and -- PATH... after them limit the search");
	return check_settings(e, c, b ? &b->s->settings : &e->defaults, error);
}

/* ---- the start ---- */

static guint version(const struct engine *e, const struct command *c)
{
	const struct bisection *b = state_bisection(e, c);
	return b ? b->settings_version : e->defaults_version;
}

/* Takes over the command. */
static void look_up(struct engine *e, struct command *c, struct words *words)
{
	struct bisection *b = state_bisection(e, c);
	struct job *job = job_new(JOB_LOOKUP, b ? b->s : NULL, &e->listener, e->state != NULL);
	if (!b) {
		settings_clear(&job->settings);
		settings_copy(&job->settings, &e->defaults);
		job->user = (struct spawn_user){ c->uid, c->gid };
	}
	job->lookup.command = c;
	job->lookup.words = g_steal_pointer(&words->revisions);
	job->lookup.paths = g_steal_pointer(&words->paths);
	job->lookup.first_parent = words->first_parent;
	job->lookup.fix = settings_is_fix(&job->settings);
	job->lookup.settings_version = version(e, c);
	jobs_add(e->jobs, job);
	e->workers.start(e->workers.self, job);
}

void start_command(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	struct words words;
	err_t err = words_split(c, &words, &error);
	if (!err)
		err = check(e, c, words.revisions, &error);
	if (err)
		command_answer(c, err, &error);
	else
		look_up(e, c, &words);
	words_clear(&words);
}

static char *free_name(struct engine *e, const char *commit)
{
	char *name = g_strndup(commit, 12);
	for (int i = 2; bisections_find(e->bisections, name); i++) {
		g_free(name);
		name = g_strdup_printf("%.12s-%d", commit, i);
	}
	return name;
}

/* What `start` reads back as: without words of the user's the ends that were taken over. */
static char *text_of(const struct lookup *l)
{
	if (l->words[0])
		return command_text(l->command);
	g_autofree char *goods = g_strjoinv(" ", (GStrv)l->goods->pdata);
	return g_strdup_printf("%s%s%s", l->commit, *goods ? " " : "", goods);
}

static err_t record_start(struct engine *e, struct bisection *b, const struct lookup *l,
			  struct error *error)
{
	struct event ev = event_make(EV_STARTED);
	ev.started.text = text_of(l);
	ev.started.commit = g_strdup(l->commit);
	ev.started.goods = g_strdupv((GStrv)l->goods->pdata);
	if (l->judged->pdata[0])
		ev.started.judged = g_strdupv((GStrv)l->judged->pdata);
	ev.started.paths = g_strdupv(l->paths);
	ev.started.first_parent = l->first_parent;
	ev.started.values = settings_to_json(&b->s->settings);
	ev.started.host = g_strdup(e->host);
	ev.started.key = g_strdup(l->key);
	return facts_record(e, b, &ev, error);
}

/* What was found out of one bug says nothing of the next: among the defaults it is used once. */
static void forget_taken_over(struct engine *e)
{
	if (!has_setting(e, NULL, SET_BISECT_LOG))
		return;
	g_autofree char *path = state_dir_setting(e->state, NULL, setting_name(SET_BISECT_LOG));
	struct error why;
	if (file_write(path, "", 0, 0644, &why) != 0)
		daemon_log(DAEMON_LOG_WARNING, NULL, "%s", why.text);
	e->defaults_version++;
	e->view.setting(e->view.self, NULL, setting_name(SET_BISECT_LOG));
}

static err_t begin(struct engine *e, const struct lookup *l, struct error *error)
{
	struct command *c = l->command;
	struct bisection *b = state_bisection(e, c);
	err_t err = 0;
	if (!b) {
		c->made = free_name(e, l->commit);
		err = start_draft(e, c->made, c->uid, c->gid, &b, error);
	}
	if (!err)
		err = record_start(e, b, l, error);
	if (err && b && c->made) {
		g_autofree char *name = g_strdup(b->s->name);
		drop(e, b);
		trash_bisection(e, name);
	} else if (!err && c->made) { /* shown whole, as started */
		e->view.added(e->view.self, b->s, false);
		forget_taken_over(e);
	}
	return err;
}

void start_looked_up(struct engine *e, struct job *job)
{
	struct lookup *l = &job->lookup;
	struct command *c = l->command;
	struct error error = { 0 };
	err_t err = check(e, c, l->words, &error);
	if (!err && l->settings_version != version(e, c)) {
		struct words words = { .revisions = g_steal_pointer(&l->words),
				       .paths = g_steal_pointer(&l->paths),
				       .first_parent = l->first_parent };
		l->command = NULL;
		look_up(e, c, &words);
		return;
	}
	if (!err && job->err) {
		err = job->err;
		error = job->error;
	}
	if (!err)
		err = begin(e, l, &error);
	l->command = NULL;
	command_answer(c, err, &error);
}
