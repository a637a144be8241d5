#include "prepare.h"

#include "spawn.h"
#include "store.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>

/* The compiler that makes programs for the guest, from the words of the setting `make`. */
static char *guest_compiler(const struct settings *settings)
{
	g_auto(GStrv) words = NULL;
	if (*settings_text(settings, SET_MAKE))
		g_shell_parse_argv(settings_text(settings, SET_MAKE), NULL, &words, NULL);
	for (char **w = words; w && *w; w++) {
		if (g_str_has_prefix(*w, "CROSS_COMPILE="))
			return g_strdup_printf("%sgcc", *w + strlen("CROSS_COMPILE="));
	}
	return g_strdup("cc");
}

static err_t compile(const char *from, const char *to, const struct settings *settings,
		     struct error *error)
{
	g_autofree char *cc = guest_compiler(settings);
	char *argv[] = {
		cc,	      (char *)"-O1", (char *)"-static", (char *)"-pthread", (char *)"-w",
		(char *)"-o", (char *)to,    (char *)"-x",	(char *)"c",	    (char *)from,
		NULL
	};
	char *text = NULL;
	int status = -1;
	err_t err = spawn_capture(argv, NULL, 2000, &text, &status, error);
	if (!err && status != 0) {
		const char *why = text ? strstr(text, "error:") : NULL;
		char *line = g_strndup(why ? why : "cc failed", strcspn(why ? why : "", "\n"));
		err = error_set(error, EINVAL,
				"the reproducer is neither ELF nor a script with '#!', and as C "
				"source it does not compile: %s",
				*line ? line : "cc failed");
		g_free(line);
	}
	if (!err)
		chmod(to, 0700);
	g_free(text);
	return err;
}

err_t prepare_reproducer(const char *from, const char *to, const struct settings *settings,
			 struct error *error)
{
	g_autofree char *data = NULL;
	gsize len = 0;
	if (!g_file_get_contents(from, &data, &len, NULL) || !len)
		return 0;
	if ((len > 4 && memcmp(data, "\177ELF", 4) == 0) ||
	    (len > 2 && data[0] == '#' && data[1] == '!'))
		return store_write(to, data, len, 0700, error); /* it may be private */
	return compile(from, to, settings, error);
}
