/*
 * The words of a bubblewrap command: each directory of / is shown read-only by itself, so that
 * /tmp, /run and the devices can be left out and made anew; secrets of root's are covered; then
 * come the directories that the command needs, and last, for another user, setpriv.
 */
#include "cage.h"

#include "engine/base/file.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Not shown: devices, sockets of services, what others keep in /tmp. */
static const char *const hidden[] = { "dev", "proc", "sys", "tmp", "run" };

static bool is_hidden(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++) {
		if (strcmp(name, hidden[i]) == 0)
			return true;
	}
	return false;
}

static void add(GPtrArray *argv, const char *const *words)
{
	for (; *words; words++)
		g_ptr_array_add(argv, g_strdup(*words));
}

static void add_bind(GPtrArray *argv, const char *how, const char *path)
{
	add(argv, (const char *const[]){ how, path, path, NULL });
}

static void add_root(GPtrArray *argv)
{
	g_autoptr(GPtrArray) names = file_names("/");
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("/", names->pdata[i], NULL);
		g_autofree char *target = g_file_read_link(path, NULL);
		if (is_hidden(names->pdata[i]))
			continue;
		if (target)
			add(argv, (const char *const[]){ "--symlink", target, path, NULL });
		else
			add_bind(argv, "--ro-bind-try", path);
	}
}

/* A build for root runs as we do, and everybody reads its log. */
static void add_masks(GPtrArray *argv)
{
	static const char *const files[] = { "/etc/shadow", "/etc/shadow-", "/etc/gshadow",
					     "/etc/gshadow-" };
	static const char *const dirs[] = { "/root/.ssh", "/root/.gnupg", "/etc/ssh",
					    "/etc/ssl/private" };
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		if (g_file_test(files[i], G_FILE_TEST_EXISTS))
			add(argv,
			    (const char *const[]){ "--ro-bind", "/dev/null", files[i], NULL });
	}
	for (gsize i = 0; i < G_N_ELEMENTS(dirs); i++) {
		if (g_file_test(dirs[i], G_FILE_TEST_IS_DIR))
			add(argv, (const char *const[]){ "--tmpfs", dirs[i], NULL });
	}
}

static bool may_search(const char *dir, struct spawn_user user)
{
	struct stat st;
	if (stat(dir, &st) != 0)
		return true;
	mode_t bit = st.st_uid == (uid_t)user.uid   ? S_IXUSR
		     : st.st_gid == (gid_t)user.gid ? S_IXGRP
						    : S_IXOTH;
	return st.st_mode & bit;
}

/* What lies below a directory that the user cannot search is not for that user; but for what the
 * build needs there. So an empty one is put over it, in which only that is; directories on the way
 * there would be bubblewrap's own otherwise, and closed. */
static void add_way(GPtrArray *argv, GHashTable *known, const char *path, struct spawn_user user)
{
	bool covered = false;
	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		g_autofree char *dir = g_strndup(path, (gsize)(end - path));
		bool closed = !covered && !may_search(dir, user);
		covered = covered || closed;
		if (!g_hash_table_add(known, g_strdup(dir)))
			continue;
		add(argv, (const char *const[]){ "--perms", "0755", closed ? "--tmpfs" : "--dir",
						 dir, NULL });
	}
}

/* Programs that are found outside must be found inside. */
static GPtrArray *path_directories(void)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) dirs = g_strsplit(g_getenv("PATH") ? g_getenv("PATH") : "", ":", -1);
	for (char **d = dirs; *d; d++) {
		if ((g_str_has_prefix(*d, "/tmp/") || g_str_has_prefix(*d, "/run/")) &&
		    g_file_test(*d, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(found, g_strdup(*d));
	}
	g_ptr_array_add(found, NULL);
	return found;
}

static void add_directories(GPtrArray *argv, const struct cage *cage, bool other)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) path = path_directories();
	const char *const *const lists[] = { (const char *const *)path->pdata, cage->readable,
					     cage->writable };
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		for (const char *const *p = lists[i]; other && p && *p; p++)
			add_way(argv, known, *p, cage->user);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		for (const char *const *p = lists[i]; p && *p; p++)
			add_bind(argv, lists[i] == cage->writable ? "--bind" : "--ro-bind", *p);
	}
}

/* Root's home is closed to it; git takes the daemon's repository for its own. */
static void add_user(GPtrArray *argv)
{
	static const char *const words[] = { "--cap-add",
					     "CAP_SETUID",
					     "--cap-add",
					     "CAP_SETGID",
					     "--setenv",
					     "HOME",
					     "/tmp",
					     "--setenv",
					     "GIT_CONFIG_COUNT",
					     "1",
					     "--setenv",
					     "GIT_CONFIG_KEY_0",
					     "safe.directory",
					     "--setenv",
					     "GIT_CONFIG_VALUE_0",
					     "*",
					     NULL };
	add(argv, words);
}

void cage_add(GPtrArray *argv, const struct cage *cage)
{
	static const char *const always[] = { "bwrap",
					      "--die-with-parent",
					      "--unshare-net",
					      "--unshare-pid",
					      "--unshare-ipc",
					      "--unshare-uts",
					      "--cap-drop",
					      "ALL",
					      NULL };
	static const char *const places[] = { "--dev",	 "/dev", "--proc",  "/proc",
					      "--perms", "1777", "--tmpfs", "/tmp",
					      "--tmpfs", "/run", NULL };
	bool other = spawn_is_other(cage->user);
	add(argv, always);
	if (other)
		add_user(argv);
	add_root(argv);
	add(argv, places);
	add_masks(argv);
	add_directories(argv, cage, other);
	g_ptr_array_add(argv, g_strdup("--"));
	if (other)
		spawn_add_user(argv, cage->user);
}

static gpointer try(gpointer arg)
{
	(void)arg;
	g_autofree char *path = g_find_program_in_path("bwrap");
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	int status = -1;
	if (!path)
		return g_strdup("bubblewrap is not installed");
	cage_add(argv, &(struct cage){ 0 });
	add(argv, (const char *const[]){ "true", NULL });
	g_ptr_array_add(argv, NULL);
	struct spawn sp = { .argv = (char **)argv->pdata };
	if (spawn_capture(&sp, 300, &text, &status, NULL) == 0 && status == 0)
		return NULL;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return g_strdup_printf("bubblewrap does not work here: %s", text && *text ? text : "?");
}

const char *cage_missing(void)
{
	static GOnce once = G_ONCE_INIT;
	return g_once(&once, try, NULL);
}
