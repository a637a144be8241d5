/*
 * bisectfs mount: from the command line to a usable mount, and back.
 */
#include "commands.h"
#include "complain.h"
#include "fs/ops.h"
#include "state_lock.h"
#include "supervisor.h"
#include "fs/view.h"

#include "engine/build/kbuild.h"
#include "engine/history/repo.h"
#include "engine/base/daemon_log.h"
#include "engine/store/profile.h"
#include "engine/build/slot.h"
#include "engine/objects/promisor.h"
#include "engine/store/state_dir.h"
#include "engine/work/workers.h"
#include "vmm/ship.h"
#include "vmm/vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef BISECTFS_LIBEXEC
#define BISECTFS_LIBEXEC "/usr/libexec/bisectfs"
#endif

struct options {
	gboolean foreground;
	char *profile, *state, *log, *log_level, *repo, *mountpoint;
	char **fuse; /* -o */
	char **rest;
	GString *fuse_options;
};

static char *default_state(const char *repo)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, repo, -1);
	g_autofree char *base = g_path_get_basename(repo);
	g_autofree char *id = g_strdup_printf("%s-%.12s", base, hash);
	return g_build_filename(g_get_user_state_dir(), "bisectfs", id, NULL);
}

/* Options of ours may stand among those of FUSE: fstab has no other place for them. */
static void take_fuse_option(struct options *o, const char *word)
{
	if (g_str_has_prefix(word, "profile=")) {
		g_free(o->profile);
		o->profile = g_strdup(word + strlen("profile="));
	} else if (g_str_has_prefix(word, "state=")) {
		g_free(o->state);
		o->state = g_strdup(word + strlen("state="));
	} else if (g_str_has_prefix(word, "log=")) {
		g_free(o->log);
		o->log = g_strdup(word + strlen("log="));
	} else if (g_str_has_prefix(word, "log-level=")) {
		g_free(o->log_level);
		o->log_level = g_strdup(word + strlen("log-level="));
	} else if (*word) {
		g_string_append_printf(o->fuse_options, ",%s", word);
	}
}

static int check_log(const struct options *o)
{
	enum daemon_log_level level;
	if (o->log && strcmp(o->log, "syslog") == 0)
		daemon_log_to_syslog();
	else if (o->log && strcmp(o->log, "stderr") != 0)
		return complain(2, "--log: '%s' is neither stderr nor syslog", o->log);
	if (!o->log_level)
		return 0;
	if (!daemon_log_level_parse(o->log_level, &level))
		return complain(2, "--log-level: '%s' is none of error, warning, info, debug",
				o->log_level);
	daemon_log_up_to(level);
	return 0;
}

static int parse(struct options *o, int argc, char **argv)
{
	GOptionEntry entries[] = {
		{ "foreground", 'f', 0, G_OPTION_ARG_NONE, &o->foreground, "", NULL },
		{ "options", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &o->fuse, "", "OPT" },
		{ "profile", 0, 0, G_OPTION_ARG_FILENAME, &o->profile, "", "FILE" },
		{ "state", 0, 0, G_OPTION_ARG_FILENAME, &o->state, "", "DIR" },
		{ "log", 0, 0, G_OPTION_ARG_STRING, &o->log, "", "WHERE" },
		{ "log-level", 0, 0, G_OPTION_ARG_STRING, &o->log_level, "", "LEVEL" },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->rest, "", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) why = NULL;
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &why))
		return complain(2, "%s: see bisectfs --help", why->message);
	if (!o->rest || g_strv_length(o->rest) != 2)
		return complain(2, "mount: REPO and MOUNTPOINT are needed: see bisectfs --help");
	o->fuse_options = g_string_new(NULL);
	for (char **f = o->fuse; f && *f; f++) {
		g_auto(GStrv) words = g_strsplit(*f, ",", -1);
		for (char **w = words; *w; w++)
			take_fuse_option(o, *w);
	}
	return check_log(o);
}

static bool is_at_or_below(const char *path, const char *dir)
{
	gsize len = strlen(dir);
	return strncmp(path, dir, len) == 0 && (!path[len] || path[len] == '/' || len == 1);
}

/* Without links, also where it does not exist yet. */
static char *resolve_place(const char *path)
{
	char *real = realpath(path, NULL);
	if (real)
		return real;
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	if (strcmp(parent, path) == 0)
		return g_strdup(path);
	g_autofree char *above = resolve_place(parent);
	return g_build_filename(above, name, NULL);
}

/* Whatever lies below the mount point is out of reach once it is mounted, for the daemon too. */
static int check_reach(const struct options *o)
{
	g_autofree char *state = resolve_place(o->state);
	if (is_at_or_below(state, o->mountpoint))
		return complain(1,
				"the state directory %s is hidden by a mount at %s: give another "
				"--state DIR",
				o->state, o->mountpoint);
	if (is_at_or_below(o->repo, o->mountpoint))
		return complain(1, "the repository %s is hidden by a mount at %s: mount elsewhere",
				o->repo, o->mountpoint);
	return 0;
}

static int check_places(struct options *o)
{
	struct stat st;
	o->repo = realpath(o->rest[0], NULL);
	if (!o->repo)
		return complain(1, "repository %s: %s", o->rest[0], g_strerror(errno));
	/* one state for a repository, from whichever directory of it is named */
	g_autofree char *place = repo_locate(o->repo);
	if (place && strcmp(place, o->repo) != 0) {
		free(o->repo);
		o->repo = realpath(place, NULL);
		if (!o->repo)
			return complain(1, "repository %s: %s", place, g_strerror(errno));
	}
	supervisor_detach_dead(o->rest[1]);
	o->mountpoint = realpath(o->rest[1], NULL);
	if (!o->mountpoint)
		return complain(1, "mount point %s: %s", o->rest[1], g_strerror(errno));
	if (stat(o->mountpoint, &st) != 0 || !S_ISDIR(st.st_mode))
		return complain(1, "mount point %s is not a directory", o->mountpoint);
	if (!o->state)
		o->state = default_state(o->repo);
	char *absolute = g_canonicalize_filename(o->state, NULL);
	g_free(o->state);
	o->state = absolute;
	if (o->profile) {
		absolute = g_canonicalize_filename(o->profile, NULL);
		g_free(o->profile);
		o->profile = absolute;
	}
	return check_reach(o);
}

/* ---- the daemon ---- */

struct daemon {
	struct options *o;
	struct profile profile;
	struct work_env *workers;
	struct mount m;
	struct view *view;
	struct vmm *vmm;
	struct fuse_session *se;
	int lock;
	char *gitdir;
	struct promisor *promisor; /* NULL: the repository is no partial clone */
	struct slot_objects objects;
};

static char *find_init(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		g_autofree char *dir = g_path_get_dirname(exe);
		char *beside = g_build_filename(dir, "bisectfs-init", NULL);
		if (access(beside, R_OK) == 0)
			return beside;
		g_free(beside);
	}
	return g_build_filename(BISECTFS_LIBEXEC, "bisectfs-init", NULL);
}

/* Whether guests are started by a libvirtd here, which gives QEMU a user of its own. */
static bool has_libvirtd(const struct profile *p)
{
	for (guint i = 0; i < p->hosts->len; i++) {
		const char *uri = g_array_index(p->hosts, struct profile_host, i).uri;
		if (!strstr(uri, "/embed") && !ship_is_needed(uri))
			return true;
	}
	return false;
}

static err_t start_vmm(struct daemon *d, struct error *error)
{
	guint n = d->profile.hosts->len;
	g_autofree struct vmm_host *hosts = g_new0(struct vmm_host, n);
	for (guint i = 0; i < n; i++) {
		const struct profile_host *h =
			&g_array_index(d->profile.hosts, struct profile_host, i);
		hosts[i] = (struct vmm_host){ .uri = h->uri, .vms = h->vms };
	}
	g_autofree char *init = find_init();
	return vmm_new(hosts, (int)n, d->o->state, init, &d->vmm, error);
}

static err_t start_session(struct daemon *d, struct error *error)
{
	/* a comma in a path would end the option's value */
	g_autofree char *name = g_strdelimit(g_strdup(d->o->repo), ",\\", '_');
	g_autofree char *options =
		g_strdup_printf("default_permissions,subtype=bisectfs,fsname=%s%s%s", name,
				geteuid() == 0 ? ",allow_other" : "", d->o->fuse_options->str);
	char *argv[] = { (char *)"bisectfs", (char *)"-o", options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	d->se = fuse_session_new(&args, &ops_table, sizeof(ops_table), &d->m);
	fuse_opt_free_args(&args);
	if (!d->se)
		return error_set(error, EINVAL,
				 "the options of -o were not understood (see above)");
	if (fuse_set_signal_handlers(d->se) != 0)
		return error_set(error, EIO, "cannot set signal handlers");
	return 0;
}

static err_t start_engine(struct daemon *d, struct error *error)
{
	struct workers_config with = { .state = d->o->state,
				       .repo = d->o->repo,
				       .promisor = d->promisor,
				       .profile = &d->profile,
				       .builder = kbuild_builder(&d->objects),
				       .runner = vmm_runner(d->vmm) };
	err_t err = workers_new(&with, &d->workers, error);
	if (err)
		return err;
	struct workers workers = workers_interface(d->workers);
	struct engine_config config = { .state = d->o->state,
					.profile = &d->profile,
					.workers = &workers,
					.vms = with.runner.slots,
					.view = view_engine(d->view) };
	return engine_new(&config, &d->m.engine, error);
}

static void free_profile(struct daemon *d)
{
	profile_clear(&d->profile);
}

static err_t set_up(struct daemon *d, struct error *error)
{
	struct options *o = d->o;
	profile_init(&d->profile);
	err_t err = o->profile ? profile_load(&d->profile, o->profile, error) : 0;
	struct repo *repo = NULL;
	if (!err)
		err = repo_open(o->repo, &repo, error);
	if (err)
		return err;
	d->gitdir = g_strdup(repo_gitdir(repo));
	repo_free(repo);
	err = state_lock_take(o->state, o->mountpoint, &d->lock, error);
	g_autofree char *promised = state_dir_promised(o->state);
	if (!err)
		err = promisor_open(d->gitdir, promised, &d->promisor, error);
	d->objects = (struct slot_objects){ .gitdir = d->gitdir, .promisor = d->promisor };
	if (!err && has_libvirtd(&d->profile))
		err = state_dir_let_through(o->state, error);
	if (!err)
		err = start_vmm(d, error);
	if (!err)
		err = start_session(d, error);
	if (err)
		return err;
	fs_init(&d->m, d->se, o->mountpoint);
	d->view = view_new(&d->m, o->mountpoint);
	err = start_engine(d, error);
	if (!err)
		err = engine_recover(d->m.engine, error);
	if (err)
		return err;
	view_fill(d->view);
	if (fuse_session_mount(d->se, o->mountpoint) != 0)
		return error_set(error, EIO, "cannot mount at %s (see above)", o->mountpoint);
	return 0;
}

static void serve(struct daemon *d)
{
	view_go_live(d->view);
	publisher_start(d->m.publisher);
	engine_run(d->m.engine);
	struct fuse_loop_config *loop = fuse_loop_cfg_create();
	fuse_loop_cfg_set_clone_fd(loop, 0);
	fuse_session_loop_mt(d->se, loop);
	fuse_loop_cfg_destroy(loop);
}

static void tear_down(struct daemon *d)
{
	/* first the mount: nobody answers requests any more, the publisher's own included */
	if (d->se) {
		/* the loop takes that back when it ends: answers that nobody waits for any more
		 * cannot be given, and libfuse would report each */
		fuse_session_exit(d->se);
		fuse_session_unmount(d->se);
		fuse_remove_signal_handlers(d->se);
	}
	if (d->m.engine)
		engine_stop(d->m.engine);
	if (d->m.publisher)
		fs_stop(&d->m);
	engine_free(d->m.engine);
	workers_free(d->workers);
	if (d->view)
		view_free(d->view);
	vmm_free(d->vmm);
	if (d->m.last_errors)
		fs_clear(&d->m);
	if (d->se)
		fuse_session_destroy(d->se);
	if (d->lock >= 0)
		close(d->lock);
	free_profile(d);
	promisor_free(d->promisor);
	g_free(d->gitdir);
}

static void detach_from_terminal(const struct options *o)
{
	g_autofree char *path = g_build_filename(o->state, "daemon.log", NULL);
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	dup2(log >= 0 ? log : null, 2);
	if (log >= 0)
		close(log);
	if (null >= 0)
		close(null);
	if (chdir("/") != 0)
		return; /* the directory stays busy, nothing worse */
}

static int daemon_main(void *arg, int ready_fd)
{
	struct daemon d = { .o = arg, .lock = -1 };
	struct error why = { 0 };
	err_t err = set_up(&d, &why);
	if (!err) {
		if (!d.o->foreground)
			detach_from_terminal(d.o);
		supervisor_ready(ready_fd);
		serve(&d);
	}
	if (err)
		complain(1, "%s", why.text);
	tear_down(&d);
	return err ? 1 : 0;
}

static void free_options(struct options *o)
{
	g_free(o->profile);
	g_free(o->state);
	g_free(o->log);
	g_free(o->log_level);
	free(o->repo);
	free(o->mountpoint);
	g_strfreev(o->fuse);
	g_strfreev(o->rest);
	if (o->fuse_options)
		g_string_free(o->fuse_options, TRUE);
}

int cmd_mount(int argc, char **argv)
{
	struct options o = { 0 };
	int status = parse(&o, argc, argv);
	if (!status)
		status = check_places(&o);
	if (!status) {
		struct supervisor sv = { .foreground = o.foreground,
					 .mountpoint = o.mountpoint,
					 .daemon = daemon_main,
					 .arg = &o };
		status = supervisor_run(&sv);
	}
	free_options(&o);
	return status;
}
