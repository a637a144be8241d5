/*
 * What the workers do: each takes a job, blocks its own thread, and leaves one fact as the answer.
 */
#include "core.h"

#include "choose.h"
#include "prepare.h"
#include "releases.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPRODUCER "guest-reproducer"

static void fail(struct job *job, const struct error *why)
{
	event_clear(&job->answer);
	job->answer = event_make(EV_FAILED);
	job->answer.reason = g_strdup(why->text);
}

/* With this little room whatever went wrong (a compiler, libvirt, QEMU) went wrong for want of it,
 * whichever error it came as: nobody's fault, and to be done again when there is room. */
#define TOO_LITTLE_ROOM ((guint64)1 << 20)

static bool blame_the_disk(struct job *job)
{
	if (store_room(job->e->state) >= TOO_LITTLE_ROOM)
		return false;
	event_clear(&job->answer);
	job->err = -ENOSPC;
	return true;
}

static bool is_fix(const struct job *job)
{
	return strcmp(settings_text(&job->settings, SET_MODE), "fix") == 0;
}

static char *large_setting(const struct job *job, enum setting id)
{
	char *path = store_setting(job->e->state, job->name, setting_name(id));
	struct stat st;
	if (stat(path, &st) == 0 && st.st_size > 0)
		return path;
	g_free(path);
	return NULL;
}

/* ---- history ---- */

static char *release_line(const char *name, const struct oid *oid)
{
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	return g_strdup_printf("%s %s", name, hex);
}

/* Releases that the walk back tests, newest first. */
static err_t list_releases(struct job *job, GPtrArray *lines, struct error *error)
{
	struct oid bad;
	GArray *all = NULL;
	oid_parse(&bad, job->commit);
	err_t err = repo_releases(job->e->repo, &bad, &all, error);
	if (err)
		return err;
	g_autofree const char **names = g_new0(const char *, all->len + 1);
	for (guint i = 0; i < all->len; i++) {
		const struct release *r = &g_array_index(all, struct release, i);
		/* a release that is the starting commit itself says nothing new */
		if (oid_compare(&r->commit, &bad) == 0) {
			g_array_remove_index(all, i--);
			continue;
		}
		names[i] = r->name;
	}
	g_autoptr(GArray) picked =
		releases_pick(names, all->len, settings_text(&job->settings, SET_OLDEST));
	for (guint i = 0; i < picked->len; i++) {
		const struct release *r =
			&g_array_index(all, struct release, g_array_index(picked, guint, i));
		g_ptr_array_add(lines, release_line(r->name, &r->commit));
	}
	g_array_unref(all);
	return 0;
}

static err_t load(struct job *job, struct error *error)
{
	struct engine *e = job->e;
	g_autofree char *source = store_setting(e->state, job->name, setting_name(SET_REPRODUCER));
	g_autofree char *dir = store_bisection(e->state, job->name);
	g_autofree char *target = g_build_filename(dir, REPRODUCER, NULL);
	err_t err = prepare_reproducer(source, target, &job->settings, error);
	GPtrArray *lines = g_ptr_array_new();
	if (!err && is_fix(job)) {
		struct oid head;
		const char *branch = settings_text(&job->settings, SET_BRANCH);
		err = repo_resolve(e->repo, branch, &head, error);
		if (!err)
			g_ptr_array_add(lines, release_line(branch, &head));
	} else if (!err) {
		err = list_releases(job, lines, error);
	}
	g_ptr_array_add(lines, NULL);
	GStrv list = (GStrv)g_ptr_array_free(lines, FALSE);
	if (err) {
		g_strfreev(list);
		return err;
	}
	job->answer = event_make(EV_LOADED);
	job->answer.list = list;
	return 0;
}

static err_t describe_step(struct job *job, const struct oid *oid, struct error *error)
{
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	struct event *ev = &job->answer;
	*ev = event_make(EV_STEP);
	ev->step = job->step;
	ev->commit = g_strdup(hex);
	ev->role = g_strdup(step_role_name(job->query.role));
	ev->release =
		job->query.release ? g_strdup(job->query.release) : repo_tag_of(job->e->repo, oid);
	return repo_subject(job->e->repo, oid, &ev->subject, error);
}

static err_t describe_found(struct job *job, const struct choice *choice, struct error *error)
{
	struct history *h = repo_history(job->e->repo);
	GPtrArray *list = g_ptr_array_new();
	guint n = choice->kind == CHOICE_FOUND ? 1 : choice->candidates->len;
	for (guint i = 0; i < n; i++) {
		uint32_t c = choice->kind == CHOICE_FOUND
				     ? choice->commit
				     : g_array_index(choice->candidates, uint32_t, i);
		char hex[OID_HEX + 1];
		oid_print(history_oid(h, c), hex);
		g_ptr_array_add(list, g_strdup(hex));
	}
	g_ptr_array_add(list, NULL);
	job->answer = event_make(EV_FOUND);
	job->answer.list = (GStrv)g_ptr_array_free(list, FALSE);
	if (n > 1)
		return 0;
	return repo_show(job->e->repo, history_oid(h, choice->commit), &job->answer.text, error);
}

static GArray *numbers(struct history *h, char *const *hashes)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (; *hashes; hashes++) {
		struct oid oid;
		if (oid_parse(&oid, *hashes)) {
			uint32_t c = history_number(h, &oid);
			g_array_append_val(out, c);
		}
	}
	return out;
}

static err_t choose(struct job *job, struct error *error)
{
	struct history *h = repo_history(job->e->repo);
	struct oid bad;
	if (!oid_parse(&bad, job->query.bad))
		return error_set(error, EINVAL, "the search has no bad commit");
	g_autoptr(GArray) goods = numbers(h, job->query.goods);
	g_autoptr(GArray) skips = numbers(h, job->query.skips);
	struct choose_query q = {
		.bad = history_number(h, &bad),
		.goods = (const uint32_t *)(void *)goods->data,
		.ngoods = goods->len,
		.skips = (const uint32_t *)(void *)skips->data,
		.nskips = skips->len,
		.checked = job->query.checked,
	};
	struct choice choice;
	err_t err = choose_next(h, &q, &choice, error);
	if (err)
		return err;
	switch (choice.kind) {
	case CHOICE_TEST:
	case CHOICE_MERGE_BASE: {
		struct oid oid = *history_oid(h, choice.commit);
		err = describe_step(job, &oid, error);
		if (choice.kind == CHOICE_TEST) {
			job->answer.left = (int)choice.left;
			job->answer.roughly = (int)choice.roughly;
		}
		job->answer.checked = choice.checked;
		break;
	}
	case CHOICE_BASE_IS_BAD:
		err = is_fix(job)
			      ? error_set(error, EINVAL,
					  "the branch's head %s is an ancestor of the starting "
					  "commit: it cannot hold a later fix",
					  job->query.bad)
			      : error_set(error, EINVAL,
					  "the merge base %s is bad: the bug was fixed between it "
					  "and the good commits",
					  job->query.bad);
		break;
	default:
		err = describe_found(job, &choice, error);
		break;
	}
	choice_clear(&choice);
	return err;
}

static err_t next(struct job *job, struct error *error)
{
	struct oid oid;
	if (!job->query.commit)
		return choose(job, error);
	if (!oid_parse(&oid, job->query.commit))
		return error_set(error, EINVAL, "'%s' is not a commit", job->query.commit);
	return describe_step(job, &oid, error);
}

void work_history(struct job *job)
{
	struct error why = { 0 };
	err_t err = job->kind == WISH_LOAD ? load(job, &why) : next(job, &why);
	if (err && !blame_the_disk(job))
		fail(job, &why);
}

/* ---- building ---- */

static void build_log_grew(void *arg)
{
	struct job *job = arg;
	g_autofree char *dir = store_step(job->e->state, job->name, job->step);
	g_autofree char *path = g_build_filename(dir, "build.log", NULL);
	struct stat st;
	if (stat(path, &st) == 0)
		job->e->view.grew(job->e->view.self, job->name, job->step, -1, st.st_size);
}

static int build_jobs(const struct engine *e)
{
	if (e->profile->jobs)
		return e->profile->jobs;
	int n = (int)g_get_num_processors() / e->profile->builders;
	return n > 0 ? n : 1;
}

void work_build(struct job *job)
{
	struct engine *e = job->e;
	struct build_result result = { 0 };
	g_autofree char *slot = g_strdup_printf("%s/slots/%d", e->state, job->slot);
	g_autofree char *step = store_step(e->state, job->name, job->step);
	g_autofree char *config = large_setting(job, SET_CONFIG);
	g_autofree char *program = large_setting(job, SET_BUILD);
	if (program)
		chmod(program, 0755); /* cp onto a new file keeps no x bit */
	struct build_request rq = {
		.commit = job->commit,
		.slot = slot,
		.config = config,
		.program = program,
		.make = settings_text(&job->settings, SET_MAKE),
		.step = step,
		.launcher = e->profile->launcher,
		.jobs = build_jobs(e),
		.ccache = e->profile->ccache,
		.cancel = &job->cancel,
		.tick = build_log_grew,
		.arg = job,
	};
	gint64 begun = g_get_monotonic_time();
	job->err = e->builder.build(e->builder.self, &rq, &result, &job->error);
	if (job->err == -ECANCELED || job->err == -ENOSPC || job->err == -EDQUOT)
		return;
	if ((job->err || result.broken) && blame_the_disk(job)) {
		build_result_clear(&result);
		return;
	}
	if (job->err) {
		fail(job, &job->error);
		return;
	}
	struct event *ev = &job->answer;
	*ev = event_make(result.broken ? EV_BUILD_FAILED : EV_BUILT);
	ev->step = job->step;
	ev->duration = (g_get_monotonic_time() - begun) * 1000;
	ev->compiler = g_strdup(result.compiler);
	ev->signature = g_strdup(result.signature);
	ev->reason = g_strdup(result.reason);
	build_result_clear(&result);
}

/* ---- running ---- */

static void run_log_grew(void *arg, int64_t size)
{
	struct job *job = arg;
	job->e->view.grew(job->e->view.self, job->name, job->step, job->run, size);
}

static err_t run_guest(struct job *job, struct outcome *outcome, struct error *error)
{
	struct engine *e = job->e;
	const struct settings *set = &job->settings;
	g_autofree char *dir = store_bisection(e->state, job->name);
	g_autofree char *step = store_step(e->state, job->name, job->step);
	g_autofree char *kernel = g_build_filename(step, "kernel", NULL);
	g_autofree char *runs = g_build_filename(step, "runs", NULL);
	g_autofree char *reproducer = g_build_filename(dir, REPRODUCER, NULL);
	g_autofree char *files = store_setting(e->state, job->name, SETTING_FILES_DIR);
	g_autofree char *log = store_run(e->state, job->name, job->step, job->run, "log");
	g_autofree char *report = store_run(e->state, job->name, job->step, job->run, "report");
	g_autofree char *domain = large_setting(job, SET_DOMAIN);
	err_t err = store_mkdir(runs, error);
	if (err)
		return err;
	const char *rootfs = settings_text(set, SET_ROOTFS);
	struct run_request rq = {
		.kernel = kernel,
		.reproducer = store_exists(reproducer) ? reproducer : NULL,
		.files = files,
		.rootfs = *rootfs ? rootfs : NULL,
		.log = log,
		.report = report,
		.cmdline = settings_text(set, SET_CMDLINE),
		.arch = settings_text(set, SET_ARCH),
		.domain = domain,
		.ready = settings_text(set, SET_READY),
		.pass = settings_text(set, SET_PASS),
		.fail = settings_text(set, SET_FAIL),
		.memory_mib = settings_int(set, SET_MEMORY),
		.cpus = settings_int(set, SET_CPUS),
		.boot_timeout_s = settings_int(set, SET_BOOT_TIMEOUT),
		.timeout_s = settings_int(set, SET_TIMEOUT),
		.cancel = &job->cancel,
		.grew = run_log_grew,
		.arg = job,
	};
	return e->runner.run(e->runner.self, job->slot, &rq, outcome, error);
}

void work_run(struct job *job)
{
	struct outcome outcome = { .status = -1 };
	gint64 begun = g_get_monotonic_time();
	job->err = run_guest(job, &outcome, &job->error);
	if (job->err == -ENOSPC || job->err == -EDQUOT)
		return;
	struct event *ev = &job->answer;
	*ev = event_make(EV_RUN_DONE);
	ev->step = job->step;
	ev->run = job->run;
	ev->duration = (g_get_monotonic_time() - begun) * 1000;
	if (job->err == -ECANCELED) {
		ev->outcome = OUTCOME_SKIPPED;
		ev->title = g_strdup("the verdict is known without it");
		return;
	}
	if (job->err) {
		outcome.kind = OUTCOME_INFRA;
		g_strlcpy(outcome.title, job->error.text, sizeof(outcome.title));
	}
	if (outcome.kind == OUTCOME_INFRA && blame_the_disk(job))
		return;
	ev->outcome = (int)outcome.kind;
	ev->type = (int)outcome.type;
	ev->status = outcome.status;
	ev->title = g_strdup(outcome.title);
}
