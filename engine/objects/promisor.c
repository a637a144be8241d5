/*
 * The remotes are read anew for each fetch, so that `git remote set-url` in the user's repository
 * helps at once. In the store there is one remote of a fixed name, with the URL in a file that is
 * ours alone, since it may hold a password.
 */
#include "promisor.h"

#include "engine/base/file.h"
#include "git_program.h"

#include <errno.h>
#include <git2.h>
#include <git2/odb_backend.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMOTE "promisor" /* its name in the store */

struct promisor {
	char *gitdir, *store, *objects;
	GMutex lock;
	GCond free;
	bool taken; /* guarded by `lock` */
};

/* ---- the remotes ---- */

struct remote {
	char *name, *url;
};

static void free_remote(gpointer p)
{
	struct remote *r = p;
	g_free(r->name);
	g_free(r->url);
	g_free(r);
}

/* git takes what is neither a URL nor HOST:PATH for a path, from the top of the work tree on. */
static char *absolute_url(const char *url, const char *gitdir)
{
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');
	bool path = !colon || (slash && slash < colon);
	if (!path || g_path_is_absolute(url))
		return g_strdup(url);
	g_autofree char *dir = g_path_get_dirname(gitdir);
	bool below = g_str_has_suffix(gitdir, "/.git") || g_str_has_suffix(gitdir, "/.git/");
	g_autofree char *top =
		below && g_str_has_suffix(gitdir, "/") ? g_path_get_dirname(dir) : g_strdup(dir);
	return g_build_filename(below ? top : gitdir, url, NULL);
}

/* For people and for JSON. */
static char *plain(const char *name)
{
	char *text = g_utf8_make_valid(name, -1);
	for (char *p = text; *p; p++) {
		if (g_ascii_iscntrl(*p))
			*p = '?';
	}
	return text;
}

static void add_remote(GPtrArray *remotes, git_config *config, const char *name, const char *gitdir)
{
	g_autofree char *key = g_strdup_printf("remote.%s.url", name);
	const char *url;
	for (guint i = 0; i < remotes->len; i++) {
		if (strcmp(((struct remote *)remotes->pdata[i])->name, name) == 0)
			return;
	}
	if (git_config_get_string(&url, config, key) != 0 || !*url)
		return;
	struct remote *r = g_new0(struct remote, 1);
	r->name = plain(name);
	r->url = absolute_url(url, gitdir);
	g_ptr_array_add(remotes, r);
}

#define BEGIN "remote."
#define END ".promisor"

static int note_name(const git_config_entry *entry, void *names)
{
	int yes = 1;
	gsize len = strlen(entry->name);
	if (!g_str_has_prefix(entry->name, BEGIN) || !g_str_has_suffix(entry->name, END))
		return 0;
	if (entry->value && git_config_parse_bool(&yes, entry->value) != 0)
		yes = 0;
	if (yes && len > strlen(BEGIN END))
		g_ptr_array_add(names,
				g_strndup(entry->name + strlen(BEGIN), len - strlen(BEGIN END)));
	return 0;
}

/* struct remote, in the order in which they are asked: first the one that the format names. */
static GPtrArray *read_remotes(const char *gitdir)
{
	GPtrArray *remotes = g_ptr_array_new_with_free_func(free_remote);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	git_repository *git = NULL;
	git_config *config = NULL;
	const char *first;
	if (git_repository_open_bare(&git, gitdir) == 0 &&
	    git_repository_config_snapshot(&config, git) == 0) {
		if (git_config_get_string(&first, config, "extensions.partialclone") == 0)
			add_remote(remotes, config, first, gitdir);
		/* not git_config_foreach_match, which leaks in libgit2 1.5 */
		git_config_foreach(config, note_name, names);
		for (guint i = 0; i < names->len; i++)
			add_remote(remotes, config, names->pdata[i], gitdir);
	}
	git_config_free(config);
	git_repository_free(git);
	return remotes;
}

char *promisor_shown_url(const char *url)
{
	const char *user = strstr(url, "://");
	if (!user)
		return g_strdup(url);
	user += 3;
	const char *at = user + strcspn(user, "/?#");
	while (at > user && *at != '@')
		at--;
	if (at == user)
		return g_strdup(url);
	gsize shown = g_str_has_prefix(url, "http") ? 0 : strcspn(user, ":@");
	g_autofree char *head = g_strndup(url, (gsize)(user - url) + shown);
	return g_strconcat(head, shown ? at : at + 1, NULL);
}

/* ---- the store ---- */

static err_t git_failed(struct error *error, const char *path)
{
	const git_error *e = git_error_last();
	return error_set(error, EIO, "cannot set up %s for objects that the clone lacks: %s", path,
			 e && e->message ? e->message : "failed");
}

static err_t make_store(struct promisor *p, struct error *error)
{
	g_autofree char *head = g_build_filename(p->store, "HEAD", NULL);
	g_autofree char *info = g_build_filename(p->objects, "info", NULL);
	g_autofree char *alternates = g_build_filename(info, "alternates", NULL);
	g_autofree char *text = g_strdup_printf("%s/objects\n", p->gitdir);
	git_repository_init_options opts = GIT_REPOSITORY_INIT_OPTIONS_INIT;
	git_repository *git = NULL;
	opts.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
	opts.template_path = "";
	opts.initial_head = "main";
	/* what the cage shows of it to another user's programs is shown by its own mode */
	err_t err = file_mkdir_readable(p->store, error);
	if (!err && !file_exists(head) && git_repository_init_ext(&git, p->store, &opts) != 0)
		err = git_failed(error, p->store);
	git_repository_free(git);
	if (!err)
		err = file_mkdir_readable(info, error);
	return err ? err : file_write(alternates, text, strlen(text), 0644, error);
}

/* A fetch that was killed leaves its pack unfinished. */
static void remove_leftovers(const struct promisor *p)
{
	g_autofree char *packs = g_build_filename(p->objects, "pack", NULL);
	g_autofree char *lock = g_build_filename(p->store, "config.lock", NULL);
	g_autoptr(GPtrArray) names = file_names(packs);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(packs, names->pdata[i], NULL);
		if (g_str_has_prefix(names->pdata[i], "tmp_"))
			unlink(path);
	}
	unlink(lock);
}

bool promisor_exists(const char *gitdir)
{
	g_autoptr(GPtrArray) remotes = read_remotes(gitdir);
	return remotes->len > 0;
}

err_t promisor_open(const char *gitdir, const char *dir, struct promisor **out, struct error *error)
{
	*out = NULL;
	if (!promisor_exists(gitdir))
		return 0;
	struct promisor *p = g_new0(struct promisor, 1);
	g_mutex_init(&p->lock);
	g_cond_init(&p->free);
	p->gitdir = g_strdup(gitdir);
	p->store = g_build_filename(dir, "git", NULL);
	p->objects = g_build_filename(p->store, "objects", NULL);
	remove_leftovers(p);
	err_t err = make_store(p, error);
	if (err) {
		promisor_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void promisor_free(struct promisor *p)
{
	if (!p)
		return;
	g_mutex_clear(&p->lock);
	g_cond_clear(&p->free);
	g_free(p->gitdir);
	g_free(p->store);
	g_free(p->objects);
	g_free(p);
}

const char *promisor_objects(const struct promisor *p)
{
	return p->objects;
}

err_t promisor_attach(const struct promisor *p, git_odb *odb, struct error *error)
{
	return git_odb_add_disk_alternate(odb, p->objects) == 0 ? 0 : git_failed(error, p->store);
}

/* ---- taking turns ---- */

#define LOOK_US (100 * 1000)

static bool is_cancelled(const struct promisor_watch *watch)
{
	return watch && watch->cancel && cancel_asked(watch->cancel);
}

err_t promisor_take(struct promisor *p, const struct promisor_watch *watch, bool *waited,
		    struct error *error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->lock);
	*waited = p->taken;
	while (p->taken) {
		if (is_cancelled(watch))
			return error_set(error, ECANCELED, "stopped");
		g_cond_wait_until(&p->free, &p->lock, g_get_monotonic_time() + LOOK_US);
	}
	p->taken = true;
	return 0;
}

void promisor_give_back(struct promisor *p)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->lock);
	p->taken = false;
	g_cond_signal(&p->free);
}

/* ---- the fetch ---- */

char *promisor_reason(const char *text)
{
	static const char *const heads[] = { "fatal: ", "error: ", "remote: " };
	g_auto(GStrv) lines = g_strsplit_set(text, "\n\r", -1);
	const char *found = "git fetch failed and did not say why";
	for (char **l = lines; *l; l++) {
		g_strstrip(*l);
		if (!**l || g_ascii_strncasecmp(*l, "warning:", 8) == 0)
			continue;
		found = *l;
		for (gsize i = 0; i < G_N_ELEMENTS(heads); i++)
			found += g_str_has_prefix(found, heads[i]) ? strlen(heads[i]) : 0;
		break;
	}
	return g_strndup(found, 200);
}

/* In the store's own configuration, and not among the words of a command that all can see. */
static err_t set_url(const struct promisor *p, const char *url, struct error *error)
{
	g_autofree char *path = g_build_filename(p->store, "config", NULL);
	git_config *config = NULL;
	bool set = git_config_open_ondisk(&config, path) == 0 &&
		   git_config_set_int32(config, "core.repositoryformatversion", 1) == 0 &&
		   git_config_set_string(config, "extensions.partialclone", REMOTE) == 0 &&
		   git_config_set_bool(config, "remote." REMOTE ".promisor", 1) == 0 &&
		   git_config_set_string(config, "remote." REMOTE ".url", url) == 0;
	git_config_free(config);
	return set && chmod(path, 0600) == 0 ? 0 : git_failed(error, path);
}

/* A file without a name that git reads the ids from. */
static int write_ids(const GArray *ids)
{
	g_autoptr(GString) text = g_string_sized_new((gsize)ids->len * (OID_HEX + 1));
	int fd = memfd_create("ids", MFD_CLOEXEC);
	for (guint i = 0; i < ids->len; i++) {
		char hex[OID_HEX + 1];
		oid_print(&g_array_index(ids, struct oid, i), hex);
		g_string_append_printf(text, "%s\n", hex);
	}
	for (gsize at = 0; fd >= 0 && at < text->len;) {
		ssize_t n = write(fd, text->str + at, text->len - at);
		if (n < 0) {
			close(fd);
			return -1;
		}
		at += (gsize)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* `why` gets the reason where git fails. */
static err_t fetch_from(struct promisor *p, const struct remote *r, const GArray *ids, bool below,
			const struct promisor_watch *watch, char **why, struct error *error)
{
	g_autofree char *text = NULL;
	int status = -1;
	err_t err = set_url(p, r->url, error);
	int fd = err ? -1 : write_ids(ids);
	if (err)
		return err;
	if (fd < 0)
		return error_set(error, errno, "cannot write a list of objects: %s",
				 g_strerror(errno));
	if (watch && watch->fetching)
		watch->fetching(watch->arg, ids->len, r->name);
	struct error own = { 0 };
	err = git_program_fetch(p->store, REMOTE, fd, below, watch ? watch->cancel : NULL, &text,
				&status, &own);
	if (watch && watch->fetching)
		watch->fetching(watch->arg, 0, NULL);
	close(fd);
	if (err == -ECANCELED)
		return error_set(error, ECANCELED, "stopped");
	if (err)
		*why = g_strdup(own.text);
	else if (status != 0)
		*why = promisor_reason(text);
	return 0;
}

/* What git says may repeat the URL. */
static void add_reason(GString *all, const struct remote *r, const char *why)
{
	g_autofree char *url = promisor_shown_url(r->url);
	g_auto(GStrv) parts = g_strsplit(why, r->url, -1);
	g_autofree char *clean = g_strjoinv(url, parts);
	g_string_append_printf(all, "%sremote '%s' (%s) does not give them (%s)",
			       all->len ? ", " : "", r->name, url, clean);
}

err_t promisor_fetch(struct promisor *p, const GArray *ids, bool below, const char *commit,
		     const struct promisor_watch *watch, struct error *error)
{
	g_autoptr(GPtrArray) remotes = read_remotes(p->gitdir);
	g_autoptr(GString) reasons = g_string_new(NULL);
	for (guint i = 0; i < remotes->len; i++) {
		const struct remote *r = remotes->pdata[i];
		g_autofree char *why = NULL;
		err_t err = fetch_from(p, r, ids, below, watch, &why, error);
		if (err || !why)
			return err;
		add_reason(reasons, r, why);
	}
	if (!remotes->len)
		g_string_append(reasons, "the repository has no promisor remote any more");
	return error_set(error, EREMOTEIO,
			 "objects of %.12s are missing, and %s: where it has moved git remote "
			 "set-url helps",
			 commit, reasons->str);
}
