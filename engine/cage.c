#include "cage.h"

#include "spawn.h"
#include "store.h"

#include <stdbool.h>
#include <string.h>

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
	g_autoptr(GPtrArray) names = store_names("/");
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

/* A build runs as we do, and whoever may start one reads its log. */
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

/* Programs that are found outside must be found inside. */
static void add_path(GPtrArray *argv)
{
	g_auto(GStrv) dirs = g_strsplit(g_getenv("PATH") ? g_getenv("PATH") : "", ":", -1);
	for (char **d = dirs; *d; d++) {
		if (g_str_has_prefix(*d, "/tmp/") || g_str_has_prefix(*d, "/run/"))
			add_bind(argv, "--ro-bind-try", *d);
	}
}

void cage_add(GPtrArray *argv, const char *const *readable, const char *const *writable)
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
	static const char *const places[] = { "--dev", "/dev",	  "--proc", "/proc", "--tmpfs",
					      "/tmp",  "--tmpfs", "/run",   NULL };
	add(argv, always);
	add_root(argv);
	add(argv, places);
	add_masks(argv);
	add_path(argv);
	for (; readable && *readable; readable++)
		add_bind(argv, "--ro-bind", *readable);
	for (; writable && *writable; writable++)
		add_bind(argv, "--bind", *writable);
	g_ptr_array_add(argv, g_strdup("--"));
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
	cage_add(argv, NULL, NULL);
	add(argv, (const char *const[]){ "true", NULL });
	g_ptr_array_add(argv, NULL);
	if (spawn_capture((char **)argv->pdata, NULL, 300, &text, &status, NULL) == 0 &&
	    status == 0)
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
