/*
 * The module stays loaded until the program ends: its libraries start threads.
 */
#include "lazy.h"

#include <dlfcn.h>
#include <glib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "bisectfs-commands.so"

static void *open_module(char **why)
{
	char path[PATH_MAX + sizeof(MODULE)];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
	if (slash) {
		strcpy(slash + 1, MODULE);
		if (access(path, R_OK) == 0)
			goto found;
	}
	g_strlcpy(path, BISECTFS_LIBEXEC "/" MODULE, sizeof(path));
found:;
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		*why = g_strdup(dlerror());
	return module;
}

void *lazy_function(const char *name, char **why)
{
	static void *module;
	if (!module)
		module = open_module(why);
	void *function = module ? dlsym(module, name) : NULL;
	if (module && !function)
		*why = g_strdup(dlerror());
	return function;
}
