/*
 * Puts the owners together, and takes them apart in the reverse order: first the thread, then what
 * its jobs may still point to.
 */
#include "engine.h"

#include "loop.h"
#include "recover.h"
#include "set.h"
#include "state.h"

#include "engine/base/disk.h"
#include "engine/base/file.h"
#include "engine/store/profile.h"
#include "engine/store/state_dir.h"

#include <time.h>
#include <unistd.h>

int64_t engine_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- the defaults ---- */

static err_t copy_default(const struct engine *e, enum setting id, struct error *error)
{
	g_autofree char *path = state_dir_setting(e->state, NULL, setting_name(id));
	g_autofree char *data = NULL;
	gsize len;
	if (!e->profile->large[id] || file_exists(path) ||
	    !g_file_get_contents(e->profile->large[id], &data, &len, NULL))
		return 0;
	err_t err = setting_check_large(id, data, len, error);
	return err ? err : file_write(path, data, len, 0644, error);
}

/* What the mount was told last, over what the profile says. */
static err_t load_defaults(struct engine *e, struct error *error)
{
	err_t err = 0;
	for (int i = 0; e->state && i < SETTINGS && !err; i++)
		err = copy_default(e, (enum setting)i, error);
	return err || !e->state ? err : set_load(e, NULL, &e->defaults, error);
}

/* ---- from beginning to end ---- */

static struct engine *make(const struct engine_config *config)
{
	const struct profile *p = config->profile;
	struct engine *e = g_new0(struct engine, 1);
	e->state = g_strdup(config->state);
	e->profile = p;
	e->view = config->view;
	e->workers = *config->workers;
	e->disk = config->disk ? config->disk : &disk_real;
	e->bisections = bisections_new();
	e->jobs = jobs_new();
	e->slots = slots_new(p->builders, config->vms);
	e->answers = answers_new();
	e->disk_watch = disk_watch_new(e->state, e->disk);
	e->kernels = kernels_open(e->state, e->state ? (guint64)p->kernels_mib << 20 : G_MAXUINT64);
	settings_copy(&e->defaults, &p->settings);
	if (gethostname(e->host, sizeof(e->host) - 1) != 0)
		g_strlcpy(e->host, "localhost", sizeof(e->host));
	loop_init(e);
	return e;
}

err_t engine_new(const struct engine_config *config, struct engine **out, struct error *error)
{
	struct engine *e = make(config);
	err_t err = e->state ? trash_open(e->state, &e->trash, error) : 0;
	if (!err)
		err = load_defaults(e, error);
	if (err) {
		engine_free(e);
		return err;
	}
	*out = e;
	return 0;
}

err_t engine_recover(struct engine *e, struct error *error)
{
	return recover(e, error);
}

static gpointer core_thread(gpointer arg)
{
	loop_run(arg);
	return NULL;
}

void engine_run(struct engine *e)
{
	e->core = g_thread_new("core", core_thread, e);
}

void engine_stop(struct engine *e)
{
	if (!e->core)
		return;
	loop_post_stop(e);
	g_thread_join(e->core);
	e->core = NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_stop(e);
	loop_clear(e);
	jobs_free(e->jobs);
	bisections_free(e->bisections);
	answers_free(e->answers);
	slots_free(e->slots);
	kernels_close(e->kernels);
	disk_watch_free(e->disk_watch);
	trash_close(e->trash);
	settings_clear(&e->defaults);
	g_free(e->state);
	g_free(e);
}

void engine_command(struct engine *e, struct command *c)
{
	loop_post_command(e, c);
}

/* ---- for the view ---- */

const struct settings *engine_defaults(const struct engine *e)
{
	return &e->defaults;
}

void engine_each(const struct engine *e, void (*fn)(const struct session *, void *), void *arg)
{
	const struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++)
		fn(b->s, arg);
}

const struct session *engine_last(const struct engine *e)
{
	const struct session *last = NULL;
	const struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (b->s->started && (!last || b->s->started > last->started))
			last = b->s;
	}
	return last;
}

const GString *engine_log(const struct engine *e, const struct session *s)
{
	return bisections_by_serial(e->bisections, s->serial)->log;
}

bool engine_is_preparing(const struct engine *e, const struct session *s)
{
	const struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->kind == JOB_PREPARE && job->serial == s->serial)
			return true;
	}
	return false;
}

guint engine_fetching(const struct engine *e, const struct session *s, int step,
		      const char **remote)
{
	struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		guint objects = job_fetching(job, remote);
		if (objects && job->serial == s->serial && !job->plan.speculative &&
		    (step < 0 || job_step(job) == step))
			return objects;
	}
	return 0;
}

void engine_load(const struct engine *e, struct engine_load *load)
{
	const struct job *job;
	*load = (struct engine_load){
		.builders = slots_count(e->slots, SLOT_BUILDER),
		.builders_busy = slots_taken(e->slots, SLOT_BUILDER),
		.vms = slots_count(e->slots, SLOT_VM),
		.vms_busy = slots_taken(e->slots, SLOT_VM),
		.counters = e->counters,
		.disk_error = disk_watch_error(e->disk_watch),
		.uncaged = e->workers.uncaged,
	};
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		load->builders_ahead += job->plan.speculative && job->kind == JOB_BUILD;
		load->vms_ahead += job->plan.speculative && job->kind == JOB_RUN;
	}
}
