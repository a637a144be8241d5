#include "oracle.h"

#include "world.h"
#include "engine/base/file.h"
#include "engine/store/state_dir.h"
#include "engine/text/bisection_log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One bisection as its users know it. */
struct shown {
	char *name;
	GPtrArray *lines; /* char *: the facts, as the journal has them */
	GPtrArray *steps; /* struct shown_step * */
	guint recorded;	  /* lines that there were when the daemon was down last */
	bool over, gone;
	int by_user[EV_KINDS]; /* facts of users that no answer has told them of yet */
};

struct shown_step {
	GArray *outcomes; /* int: enum outcome_kind; OUTCOME_NONE: not over */
	GArray *statuses; /* int */
	GArray *numbers;  /* double: those that runs gave */
	double rate;	  /* of its bad runs, once it was judged bad; else -1 */
	bool first;
};

struct oracle {
	struct world *w;
	GHashTable *all; /* name -> struct shown * */
};

/* ---- what is known ---- */

static void step_free(void *p)
{
	struct shown_step *step = p;
	g_array_unref(step->outcomes);
	g_array_unref(step->statuses);
	g_array_unref(step->numbers);
	g_free(step);
}

static void shown_free(void *p)
{
	struct shown *b = p;
	g_free(b->name);
	g_ptr_array_unref(b->lines);
	g_ptr_array_unref(b->steps);
	g_free(b);
}

static struct shown *shown_new(const char *name)
{
	struct shown *b = g_new0(struct shown, 1);
	b->name = g_strdup(name);
	b->lines = g_ptr_array_new_with_free_func(free);
	b->steps = g_ptr_array_new_with_free_func(step_free);
	return b;
}

struct oracle *oracle_new(struct world *w)
{
	struct oracle *o = g_new0(struct oracle, 1);
	o->w = w;
	o->all = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, shown_free);
	return o;
}

void oracle_free(struct oracle *o)
{
	g_hash_table_unref(o->all);
	g_free(o);
}

static struct shown *find(const struct oracle *o, const char *name)
{
	struct shown *b = g_hash_table_lookup(o->all, name);
	if (!b || b->gone)
		world_fail(o->w, "%s: nobody knows it", name);
	return b;
}

static char *line_of(const struct event *ev)
{
	json_t *json = event_to_json(ev);
	char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	return text;
}

/* ---- what the rules say, worked out without the engine ---- */

struct counts {
	int good, bad, infra, skip, none;
};

static struct counts count(const struct session *s, const struct shown_step *step)
{
	bool boots = strcmp(settings_text(&s->settings, SET_TEST), "boot") == 0;
	struct counts c = { 0 };
	for (guint k = 0; k < step->outcomes->len; k++) {
		int status = g_array_index(step->statuses, int, k);
		switch ((enum outcome_kind)g_array_index(step->outcomes, int, k)) {
		case OUTCOME_OK:
			c.good++;
			break;
		case OUTCOME_CRASHED:
		case OUTCOME_EXIT:
			c.bad++;
			break;
		case OUTCOME_INFRA:
			c.infra++;
			break;
		case OUTCOME_NONE:
			c.none++;
			break;
		case OUTCOME_SKIPPED:
			c.skip += status >= 0; /* else it was stopped */
			break;
		case OUTCOME_BOOT_FAILED:
			if (boots)
				c.bad++;
			else
				c.skip++;
			break;
		default:
			c.skip++;
		}
	}
	return c;
}

static void add_counts(struct counts *to, const struct session *s, const struct shown_step *step)
{
	struct counts c = count(s, step);
	to->good += c.good;
	to->bad += c.bad;
	to->infra += c.infra;
	to->skip += c.skip;
}

/* syzbot's rule once all runs are in. */
static const char *rule(const struct counts *c, int total, bool flaky)
{
	int want_bad = MAX(2, (total - c->infra) / 6);
	int want_good = flaky ? 3 * total / 4 : total / 2;
	if (c->bad == 0 && c->good >= want_good)
		return "good";
	if (c->bad >= want_bad && c->good + c->bad >= total / 2)
		return "bad";
	return c->infra > c->skip ? "stop" : "skip";
}

static bool certifies(const struct step *step)
{
	return step->role == ROLE_CULPRIT || step->role == ROLE_PARENT || step->role == ROLE_SIDE ||
	       step->role == ROLE_REVERT || step->role == ROLE_COMPILER;
}

/* Its runs, and those of steps with the same kernel that were not needed then; for the certificate
 * all there are of this kernel. */
static struct counts count_all(const struct shown *b, const struct session *s, int n)
{
	const struct step *step = session_step(s, n);
	struct counts c = count(s, g_ptr_array_index(b->steps, n));
	for (int i = 0; i < n; i++) {
		const struct step *other = session_step(s, i);
		if ((!other->dropped && !certifies(step)) ||
		    g_strcmp0(other->signature, step->signature) != 0)
			continue;
		add_counts(&c, s, g_ptr_array_index(b->steps, i));
		c.good += other->known_good;
		c.bad += other->known_bad;
	}
	return c;
}

static bool made_here(const struct step *step)
{
	return step->same_as < 0 && step->presumed == VERDICT_NONE && step->known == VERDICT_NONE &&
	       step->role != ROLE_MINIMIZE && step->role != ROLE_REVERT &&
	       step->role != ROLE_COMPILER && step->role != ROLE_INSIDE;
}

/* How often the bug showed where it is: what later steps go by. */
static void learn_rate(const struct shown *b, const struct session *s,
		       const struct event_verdict *ev)
{
	struct counts c = count_all(b, s, ev->step);
	struct shown_step *mine = g_ptr_array_index(b->steps, ev->step);
	if (made_here(session_step(s, ev->step)) && ev->verdict == VERDICT_BAD &&
	    c.bad + c.good > 0)
		mine->rate = (double)c.bad / (c.bad + c.good);
}

/* Whether this step's numbers, and those of steps with its kernel, are all of one kind. */
static bool are_all(const struct shown *b, const struct session *s, int n, bool good, guint *all)
{
	const char *signature = session_step(s, n)->signature;
	bool equal = true;
	*all = 0;
	for (int i = 0; i <= n; i++) {
		const struct shown_step *step = g_ptr_array_index(b->steps, i);
		if (g_strcmp0(session_step(s, i)->signature, signature) != 0)
			continue;
		*all += step->numbers->len;
		for (guint k = 0; k < step->numbers->len; k++)
			equal = equal && good == (g_array_index(step->numbers, double, k) >
						  (METRIC_GOOD + METRIC_BAD) / 2);
	}
	return equal;
}

/* The starting commit is worse than nothing: it takes another commit to say so. */
static bool other_was_judged(const struct session *s)
{
	for (int i = session_first(s) + 1; i < (int)s->steps->len; i++) {
		if (session_step(s, i)->state == STEP_DONE)
			return true;
	}
	return false;
}

static int start_of(const struct oracle *o, const struct session *s)
{
	return random_history_find(o->w->history, s->bad);
}

/* What a verdict by numbers must hold to, where numbers of the two kinds do not overlap. */
static void check_metric(const struct oracle *o, const struct shown *b, const struct session *s,
			 const struct event_verdict *ev)
{
	const struct step *step = session_step(s, ev->step);
	bool good = ev->verdict == VERDICT_GOOD, truthful = o->w->truth.shows == 1;
	int first = session_first(s);
	guint all = 0;
	if (!made_here(step) || step->build_failed || ev->by_user)
		return;
	if (ev->step == first && ev->verdict == VERDICT_BAD && !other_was_judged(s))
		world_fail(o->w, "%s: step %d is bad, and was compared with nothing", b->name,
			   first);
	if (ev->verdict == VERDICT_SKIP || ev->step == first)
		return; /* compared with an end that is like it, or not at all */
	bool same = step->signature &&
		    g_strcmp0(step->signature, session_step(s, first)->signature) == 0;
	bool fits = are_all(b, s, ev->step, good, &all);
	bool ends = session_step(s, first)->state != STEP_DONE;
	if (all < 3 && !same)
		world_fail(o->w, "%s: step %d is %s by %u numbers", b->name, ev->step,
			   verdict_name(ev->verdict), all);
	/* an end that is like the starting commit is bad, whatever that one's numbers are */
	if (truthful && !fits && !(ends && !good) && o->w->truth.has_bug[start_of(o, s)])
		world_fail(o->w, "%s: step %d is %s, and its numbers are not", b->name, ev->step,
			   verdict_name(ev->verdict));
}

/* A compiler tells the truth each time. */
static void check_build(const struct oracle *o, const struct session *s,
			const struct event_verdict *ev)
{
	const struct truth *t = &o->w->truth;
	const struct step *step = session_step(s, ev->step);
	if (step->presumed != VERDICT_NONE || ev->by_user)
		return;
	int c = random_history_find(o->w->history, step->commit);
	bool bad = t->has_bug[c] && step->role != ROLE_REVERT;
	const char *expected = bad ? "bad" : t->broken[c] && !step->alone ? "skip" : "good";
	if (strcmp(expected, verdict_name(ev->verdict)) != 0)
		world_fail(o->w, "%s: step %d is judged %s by its build, not %s: %s", s->name,
			   ev->step, verdict_name(ev->verdict), expected, ev->reason);
	bool whole = step->role == ROLE_ORIGINAL || step->role == ROLE_CULPRIT ||
		     step->role == ROLE_PARENT || step->role == ROLE_SIDE ||
		     step->role == ROLE_RETEST;
	if (whole && step->alone)
		world_fail(o->w, "%s: step %d is not made as a whole", s->name, ev->step);
}

static void check_verdict(const struct oracle *o, const struct shown *b, const struct session *s,
			  const struct event_verdict *ev)
{
	const struct step *step = session_step(s, ev->step);
	if (o->w->truth.compiles) {
		check_build(o, s, ev);
		return;
	}
	bool counted = made_here(step) && !step->build_failed && !certifies(step) && !ev->by_user;
	struct counts c = count_all(b, s, ev->step);
	if (o->w->truth.metric)
		check_metric(o, b, s, ev);
	if (!counted || o->w->truth.metric)
		return;
	if (o->w->truth.unexecutable && step->role == ROLE_ORIGINAL && c.bad)
		world_fail(o->w, "%s: what cannot be executed is judged %s", b->name,
			   verdict_name(ev->verdict));
	bool flaky = false;
	for (int i = 0; i < ev->step; i++) {
		double rate = ((struct shown_step *)g_ptr_array_index(b->steps, i))->rate;
		flaky = flaky || (rate >= 0 && rate < 0.5);
	}
	int runs = settings_int(&s->settings, SET_RUNS);
	int total = step->role == ROLE_ORIGINAL ? settings_int(&s->settings, SET_FIRST_RUNS)
		    : flaky			? 2 * runs
						: runs;
	bool all = c.good + c.bad + c.skip >= total, complete = all || c.infra >= total;
	struct counts counts = c;
	if (all)
		counts.infra = 0; /* what was lost was made again */
	const char *expected = rule(&counts, total, flaky);
	if (!complete) {
		/* stopped early: only what shows the bug makes bad, only what never did good */
		bool early = settings_number(&s->settings, SET_CONFIDENCE) < 1;
		expected = !early				    ? "none yet"
			   : c.bad >= MIN(MAX(2, total / 6), total) ? "bad"
			   : c.bad == 0 && c.good > 0		    ? "good"
								    : "none yet";
	}
	if (strcmp(expected, verdict_name(ev->verdict)) != 0)
		world_fail(
			o->w,
			"%s: step %d is judged %s, not %s: %d good %d bad %d infra %d skip of %d%s",
			b->name, ev->step, verdict_name(ev->verdict), expected, c.good, c.bad,
			c.infra, c.skip, total, flaky ? ", flaky" : "");
}

/* ---- facts ---- */

static void take_run(const struct oracle *o, const struct shown *b, const struct event *ev)
{
	int n = event_step(ev), k = event_run(ev);
	if (n < 0 || n >= (int)b->steps->len)
		world_fail(o->w, "%s: a run of step %d, which is not there", b->name, n);
	struct shown_step *step = g_ptr_array_index(b->steps, n);
	if (k >= (int)step->outcomes->len) {
		g_array_set_size(step->outcomes, (guint)k + 1);
		g_array_set_size(step->statuses, (guint)k + 1);
	}
	if (ev->kind == EV_RUN_DONE && ev->run_done.outcome == OUTCOME_INFRA &&
	    o->w->truth.lost == 0)
		world_fail(o->w, "%s: run %d of step %d is lost, and no guest was", b->name, k, n);
	int *outcome = &g_array_index(step->outcomes, int, k);
	if (*outcome != OUTCOME_NONE)
		world_fail(o->w, "%s: run %d of step %d was over and is %s again", b->name, k, n,
			   ev->kind == EV_RUN_DONE ? "over" : "begun");
	if (ev->kind == EV_RUN_DONE) {
		*outcome = (int)ev->run_done.outcome;
		g_array_index(step->statuses, int, k) = ev->run_done.status;
		double number = ev->run_done.value ? g_ascii_strtod(ev->run_done.value, NULL) : 0;
		if (ev->run_done.value)
			g_array_append_val(step->numbers, number);
	}
}

static void take(const struct oracle *o, struct shown *b, const struct event *ev)
{
	if (b->over && ev->kind != EV_MINIMIZE && ev->kind != EV_JUDGED && ev->kind != EV_RETEST &&
	    ev->kind != EV_RESTARTED)
		world_fail(o->w, "%s: '%s' after its end", b->name, event_kind_name(ev->kind));
	switch (ev->kind) {
	case EV_STEP: {
		if (ev->step.step != (int)b->steps->len)
			world_fail(o->w, "%s: step %d after %u", b->name, ev->step.step,
				   b->steps->len);
		struct shown_step *step = g_new0(struct shown_step, 1);
		step->outcomes = g_array_new(FALSE, TRUE, sizeof(int));
		step->statuses = g_array_new(FALSE, TRUE, sizeof(int));
		step->numbers = g_array_new(FALSE, FALSE, sizeof(double));
		step->rate = -1;
		g_ptr_array_add(b->steps, step);
		break;
	}
	case EV_RUN_STARTED:
	case EV_RUN_DONE:
		take_run(o, b, ev);
		break;
	case EV_CONCLUDED:
	case EV_FAILED:
	case EV_ABORTED:
		b->over = true;
		break;
	case EV_MINIMIZE:
	case EV_JUDGED: /* the search is taken up again */
	case EV_RETEST:
		b->over = false;
		break;
	default:
		break;
	}
}

static char *journal_path(const struct oracle *o, const char *name)
{
	g_autofree char *dir = state_dir_bisection(o->w->state, name);
	return g_build_filename(dir, "journal", NULL);
}

/* A line of the journal without its checksum. */
static void strip_sum(char *line)
{
	char *sum = strstr(line, ",\"sum\":\"");
	if (sum)
		memcpy(sum, "}", 2);
}

#define SUM_ROOM 64

/* What is shown must be the last line on disk. */
static void check_on_disk(const struct oracle *o, const char *name, const char *line)
{
	g_autofree char *path = journal_path(o, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = strlen(line) + SUM_ROOM;
	g_autofree char *tail = g_malloc0(len + 1);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0 ||
	    pread(fd, tail, len, MAX(st.st_size - (off_t)len, 0)) <= 0)
		world_fail(o->w, "%s: cannot be read", path);
	close(fd);
	char *end = strrchr(tail, '\n');
	if (end)
		*end = '\0';
	char *last = strrchr(tail, '\n');
	last = last ? last + 1 : tail;
	strip_sum(last);
	if (!end || end[1] || strcmp(last, line) != 0)
		world_fail(o->w, "%s: shown, but not recorded: %s", name, line);
}

void oracle_event(struct oracle *o, const struct session *s, const struct event *ev)
{
	struct shown *b = g_hash_table_lookup(o->all, s->name);
	char *line = line_of(ev);
	world_say(o->w, "%s: %s", s->name, line);
	check_on_disk(o, s->name, line);
	if (!b || b->gone) { /* one that is shown only when it has been started */
		free(line);
		return;
	}
	g_ptr_array_add(b->lines, line);
	g_checksum_update(o->w->trace, (const guchar *)line, (gssize)strlen(line) + 1);
	take(o, b, ev);
	b->by_user[ev->kind] += ev->kind != EV_PAUSED || !ev->paused.by_disk;
	if (ev->kind == EV_VERDICT) {
		check_verdict(o, b, s, &ev->verdict);
		learn_rate(b, s, &ev->verdict);
	}
}

static GStrv read_lines(const struct oracle *o, const char *name)
{
	g_autofree char *path = journal_path(o, name);
	g_autofree char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	text[world_written(o->w, path)] = '\0';
	GStrv lines =
		g_strsplit(text, "\n", -1); /* the last one is what follows the last newline */
	for (char **l = lines; *l && l[1]; l++)
		strip_sum(*l);
	return lines;
}

static err_t take_replayed(const char *line, struct event *ev)
{
	json_t *json = json_loads(line, 0, NULL);
	err_t err = json ? event_from_json(json, ev, NULL) : -1;
	json_decref(json);
	return err;
}

/* At the start of the daemon, or new: it is what its journal says. */
void oracle_added(struct oracle *o, const struct session *s)
{
	struct shown *old = g_hash_table_lookup(o->all, s->name);
	struct shown *b = shown_new(s->name);
	g_auto(GStrv) lines = read_lines(o, s->name);
	guint n = lines ? g_strv_length(lines) : 0;
	if (!n || *lines[n - 1])
		world_fail(o->w, "%s: shown with a journal that is torn or not there", s->name);
	for (guint i = 0; i + 1 < n; i++) {
		struct event ev;
		if (take_replayed(lines[i], &ev) != 0)
			world_fail(o->w, "%s: line %u is no event: %s", s->name, i + 1, lines[i]);
		g_ptr_array_add(b->lines, strdup(lines[i]));
		take(o, b, &ev);
		if (ev.kind == EV_VERDICT)
			learn_rate(b, s, &ev.verdict);
		event_clear(&ev);
	}
	world_say(o->w, "%s: there, %u facts", s->name, b->lines->len);
	if (old && old->gone)
		world_say(o->w, "%s: a new one of an old name", s->name);
	g_hash_table_replace(o->all, b->name, b);
}

void oracle_removed(struct oracle *o, const char *name)
{
	struct shown *b = g_hash_table_lookup(o->all, name);
	if (!b)
		return; /* its start came to nothing before it was shown */
	b->gone = true;
	world_say(o->w, "%s: removed", name);
}

static enum event_kind fact_of(const char *text)
{
	static const struct {
		const char *word;
		enum event_kind kind;
	} words[] = { { "pause", EV_PAUSED },  { "resume", EV_RESUMED },
		      { "abort", EV_ABORTED }, { "minimize", EV_MINIMIZE },
		      { "retest", EV_RETEST }, { "good", EV_JUDGED },
		      { "bad", EV_JUDGED },    { "skip", EV_JUDGED } };
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_str_has_prefix(text, words[i].word))
			return words[i].kind;
	}
	return EV_NONE;
}

/* Facts are compared with the disk as they are shown, so one that was shown is there. */
void oracle_acknowledged(struct oracle *o, const char *name, const char *text)
{
	enum event_kind kind = fact_of(text);
	struct shown *b = find(o, name);
	if (b->by_user[kind]-- <= 0)
		world_fail(o->w, "%s: '%s' was acknowledged and is not recorded", name, text);
}

void oracle_run_begins(struct oracle *o, const struct job *job)
{
	int n = job_step(job), run = job_run(job);
	if (o->w->truth.compiles)
		world_fail(o->w, "%s: a guest, where builds alone are judged", job->name);
	if (n < 0) /* ahead of its time */
		return;
	const struct shown *b = find(o, job->name);
	const struct shown_step *step =
		n < (int)b->steps->len ? g_ptr_array_index(b->steps, n) : NULL;
	if (!step || run >= (int)step->outcomes->len)
		world_fail(o->w, "%s: run %d of step %d begins without a word", b->name, run, n);
	if (g_array_index(step->outcomes, int, run) != OUTCOME_NONE)
		world_fail(o->w, "%s: run %d of step %d is over and made again", b->name, run, n);
}

/* ---- between turns ---- */

static void check_slot(const struct oracle *o, enum slot_kind kind, int slot)
{
	const struct engine *e = o->w->e;
	const struct job *job;
	int users = 0;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++)
		users += job_slot_kind(job) == kind && job->slot == slot;
	if (users > 1)
		world_fail(o->w, "two jobs in slot %d", slot);
	if (slots_is_taken(e->slots, kind, slot) != (users == 1))
		world_fail(o->w, "slot %d is taken without a job, or free with one", slot);
}

void oracle_check_turn(struct oracle *o)
{
	const struct engine *e = o->w->e;
	for (int kind = 0; kind < SLOT_KINDS; kind++) {
		for (int i = 0; i < slots_count(e->slots, (enum slot_kind)kind); i++)
			check_slot(o, (enum slot_kind)kind, i);
	}
}

/* ---- between two lives of the daemon ---- */

void oracle_check_journals(struct oracle *o)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, o->all);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct shown *b = p;
		g_auto(GStrv) lines = read_lines(o, b->name);
		guint n = lines ? g_strv_length(lines) - 1 : 0;
		if (b->gone && lines)
			world_fail(o->w, "%s: removed, and there again", b->name);
		if (b->gone)
			continue;
		if (n < b->lines->len || n > MAX(b->lines->len, b->recorded) + 1)
			world_fail(o->w, "%s: %u facts were shown, %u are recorded", b->name,
				   b->lines->len, n);
		b->recorded = n;
		for (guint i = 0; i < b->lines->len; i++) {
			if (strcmp(lines[i], g_ptr_array_index(b->lines, i)) != 0)
				world_fail(o->w, "%s: fact %u was shown otherwise: %s", b->name, i,
					   lines[i]);
		}
	}
}

/* ---- the same by reading again ---- */

static void print_list(GString *out, const char *name, char *const *list)
{
	g_string_append_printf(out, "%s:", name);
	for (; list && *list; list++)
		g_string_append_printf(out, " [%s]", *list);
	g_string_append(out, list ? "\n" : " none\n");
}

static void print_step(GString *out, const struct step *step)
{
	g_string_append_printf(out, "step %d %d %d %d %s %s %s\n", step->state, step->role,
			       step->verdict, step->interrupted, step->commit, step->subject,
			       step->release);
	g_string_append_printf(
		out, " %s %s %s %d %d %d %d %d %d %d %s %d %d %" PRId64 " %" PRId64 "\n",
		step->reason, step->compiler, step->signature, step->build_failed, step->dropped,
		step->presumed, step->same_as, step->known, step->known_good, step->known_bad,
		step->cc, step->left, step->roughly, step->started, step->build_ns);
	print_list(out, " patches", step->patches);
	print_list(out, " options", step->options);
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		g_string_append_printf(out, " run %d %d %d %" PRId64 " %" PRId64 " %s %s\n",
				       r->outcome, r->type, r->status, r->started, r->duration,
				       r->title, r->value);
	}
}

static char *print_session(const struct session *s, const GString *log)
{
	GString *out = g_string_new(NULL);
	json_t *json = settings_to_json(&s->settings);
	char *settings = json_dumps(json, JSON_SORT_KEYS);
	g_string_append_printf(out, "%s %u %u %d %d %d\n", s->name, s->uid, s->gid, s->state,
			       s->paused_from, s->paused_by_disk);
	g_string_append_printf(out,
			       "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n%s\n",
			       s->created, s->started, s->changed, s->ended, s->idle_ns, settings);
	g_string_append_printf(out, "%s %s %s %s %s %d %d %d %a %a\n", s->text, s->bad, s->given,
			       s->base, s->key, s->loaded, s->checked, s->flaky, s->reproducibility,
			       s->confidence);
	print_list(out, "goods", s->goods);
	print_list(out, "releases", s->releases);
	print_list(out, "search from", s->search_goods);
	g_string_append_printf(out, "to %s\n", s->search_bad);
	for (guint i = 0; i < s->steps->len; i++)
		print_step(out, session_step(s, (int)i));
	for (guint i = 0; i < s->judgements->len; i++) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		g_string_append_printf(out, "judged %s %d %u\n", j->commit, j->verdict, j->after);
	}
	for (guint i = 0; i < s->retests->len; i++)
		g_string_append_printf(out, "retest %d\n", g_array_index(s->retests, int, i));
	g_string_append_printf(out, "%u %d %d %d\n", s->retests_begun, s->replan, s->minimize,
			       s->reported);
	print_list(out, "options", s->options);
	print_list(out, "found", s->found);
	print_list(out, "parents", s->parents);
	print_list(out, "borders", s->borders);
	print_list(out, "inside", s->inside);
	print_list(out, "maintainers", s->maintainers);
	g_string_append_printf(out, "%s\n%s %d\n%s\n%s\n%" PRId64 " %" PRId64 " %d\n%s",
			       s->found_text, s->verdict, s->no_op, s->error, s->status_reason,
			       s->build_ns, s->test_ns, s->restarts, log->str);
	free(settings);
	json_decref(json);
	return g_string_free(out, FALSE);
}

static void compare(const struct oracle *o, const char *name, const char *live, const char *again)
{
	g_auto(GStrv) a = g_strsplit(live, "\n", -1);
	g_auto(GStrv) b = g_strsplit(again, "\n", -1);
	guint i = 0;
	while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
		i++;
	if (a[i] || b[i])
		world_fail(o->w, "%s: '%s' is '%s' when its journal is read again", name,
			   a[i] ? a[i] : "nothing", b[i] ? b[i] : "nothing");
}

static struct session *read_again(const struct oracle *o, const char *name, GString *log)
{
	struct session *s = session_new(name);
	struct error why = { 0 };
	g_auto(GStrv) lines = read_lines(o, name);
	for (char **l = lines; l && l[0] && l[1]; l++) {
		struct event ev;
		if (take_replayed(*l, &ev) != 0 || bisection_log_apply(s, log, &ev, &why) != 0)
			world_fail(o->w, "%s: %s: %s", name, *l, why.text);
		event_clear(&ev);
	}
	return s;
}

/* git's log names the range that the bisection log has named first. */
static void check_search_start(const struct oracle *o, const struct session *s, const GString *log)
{
	static const char mark[] = "# git bisect start ";
	const char *line = strstr(log->str, mark);
	g_autofree char *said = line ? g_strndup(line, strcspn(line, "\n")) : NULL;
	g_autofree char *goods = s->search_bad ? g_strjoinv(" ", s->search_goods) : NULL;
	g_autofree char *kept = s->search_bad ? g_strdup_printf("%s%s%s%s", mark, s->search_bad,
								*goods ? " " : "", goods)
					      : NULL;
	if (g_strcmp0(said, kept) != 0)
		world_fail(o->w, "%s: the search starts with '%s', not '%s'", s->name,
			   kept ? kept : "", said ? said : "");
}

void oracle_check_replay(struct oracle *o)
{
	const struct bisection *live;
	for (guint i = 0; (live = bisections_at(o->w->e->bisections, i)); i++) {
		if (live->s->state == STATE_DRAFT) /* its settings are not in the journal yet */
			continue;
		g_autoptr(GString) log = g_string_new(NULL);
		struct session *s = read_again(o, live->s->name, log);
		g_autofree char *a = print_session(live->s, live->log);
		g_autofree char *b = print_session(s, log);
		compare(o, s->name, a, b);
		check_search_start(o, s, log);
		session_free(s);
	}
}

/* ---- at rest ---- */

static void check_empty(const struct oracle *o, const char *dir, const char *suffix)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	while (d && (name = g_dir_read_name(d))) {
		if (g_str_has_suffix(name, suffix))
			world_fail(o->w, "%s/%s is left", dir, name);
	}
	if (d)
		g_dir_close(d);
}

/* Whatever became of it, no step keeps a kernel that nobody runs any more. */
static void check_kernels_taken(const struct oracle *o, const struct session *s)
{
	for (int n = 0; n < (int)s->steps->len; n++) {
		g_autofree char *dir = state_dir_step(o->w->state, s->name, n);
		if ((session_over(s) || session_step(s, n)->state == STEP_DONE) &&
		    kernels_step_has(dir))
			world_fail(o->w, "%s has a kernel", dir);
	}
}

#define MOST_ANSWERS 20000

void oracle_check_rest(struct oracle *o)
{
	const struct engine *e = o->w->e;
	g_autofree char *kernels = g_build_filename(o->w->state, "kernels", NULL);
	g_autofree char *trash = g_build_filename(o->w->state, "trash", NULL);
	struct bisection *b;
	if (jobs_count(e->jobs))
		world_fail(o->w, "%u jobs go on for nobody", jobs_count(e->jobs));
	if (answers_count(e->answers) > MOST_ANSWERS)
		world_fail(o->w, "%u answers are kept", answers_count(e->answers));
	trash_wait(e->trash);
	check_empty(o, kernels, ".part");
	check_empty(o, trash, "");
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		g_autofree char *dir = state_dir_bisection(o->w->state, b->s->name);
		g_autofree char *ahead = g_build_filename(dir, "ahead", NULL);
		if (!g_queue_is_empty(&b->waiting))
			world_fail(o->w, "%s: facts wait for room that is there", b->s->name);
		check_kernels_taken(o, b->s);
		if (file_exists(ahead))
			world_fail(o->w, "%s is left", ahead);
	}
}

/* ---- what was found ---- */

static bool is_among(const struct session *s, const char *commit)
{
	return s->found && g_strv_contains((const char *const *)s->found, commit);
}

/* Where every test tells the truth, the answer must be true. */
static void check_answer(const struct oracle *o, const struct session *s)
{
	const struct truth *t = &o->w->truth;
	const char *culprit = o->w->history->commits[t->culprit].hash;
	bool truthful = t->shows == 1 && t->noise == 0;
	if (!truthful || s->state != STATE_DONE)
		return;
	if (s->found && !is_among(s, culprit))
		world_fail(o->w, "%s: %s, but it was %s", s->name, s->verdict, culprit);
	if (s->found && !s->found[1] && !g_str_has_prefix(s->verdict, "culprit "))
		world_fail(o->w, "%s: one commit was found, and the verdict is '%s'", s->name,
			   s->verdict);
	if (s->borders)
		world_fail(o->w, "%s: %s, but it was %s alone", s->name, s->verdict, culprit);
	if (strcmp(s->verdict, "not fixed") == 0)
		world_fail(o->w, "%s: not fixed, but %s did", s->name, culprit);
	if (g_str_has_prefix(s->verdict, "older than") && !t->has_bug[0])
		world_fail(o->w, "%s: %s, but it was %s", s->name, s->verdict, culprit);
}

static void count_run(const struct session *s, struct endings *sum)
{
	for (guint i = 0; i < s->steps->len; i++)
		sum->runs += session_step(s, (int)i)->runs->len;
}

void oracle_check_ends(struct oracle *o, struct endings *sum)
{
	const struct bisection *live;
	for (guint i = 0; (live = bisections_at(o->w->e->bisections, i)); i++) {
		const struct session *s = live->s;
		const struct shown *b = find(o, s->name);
		if (!session_over(s) && s->state != STATE_DRAFT)
			world_fail(o->w, "%s is still %s", s->name, session_state_name(s->state));
		check_answer(o, s);
		sum->events += b->lines->len;
		count_run(s, sum);
		sum->failed += s->state == STATE_FAILED;
		sum->aborted += s->state == STATE_ABORTED;
		if (s->state == STATE_DONE) {
			int n = s->found ? (int)g_strv_length(s->found) : 0;
			sum->culprit += n == 1;
			sum->several += n > 1;
			sum->other += n == 0;
		}
	}
}
