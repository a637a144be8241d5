/*
 * The setting `make` gives words for each command; a compiler that is named for the release
 * (`compilers`) goes before its CC=, and ccache before any compiler.
 */
#include "make.h"

#include "ccache.h"
#include "command.h"
#include "slot.h"

#include <string.h>

static bool has_word(const struct build *b, const char *variable)
{
	for (char **w = b->words; *w; w++) {
		if (g_str_has_prefix(*w, variable))
			return true;
	}
	return false;
}

GStrv make_command(const struct build *b, const char *obj, const char *target)
{
	GPtrArray *argv = g_ptr_array_new();
	command_add_launcher(b, argv);
	g_ptr_array_add(argv, g_strdup("make"));
	g_ptr_array_add(argv, g_strdup("-C"));
	g_ptr_array_add(argv, g_strdup(slot_src(b->slot)));
	g_ptr_array_add(argv, g_strdup_printf("O=%s", obj));
	g_ptr_array_add(argv, g_strdup_printf("-j%d", b->rq->jobs));
	g_ptr_array_add(argv, g_strdup("LOCALVERSION="));
	if (b->rq->all_errors)
		g_ptr_array_add(argv, g_strdup("-k"));
	const char *through = ccache_is_used(b->rq) ? "ccache " : "";
	if (b->rq->cc) {
		g_ptr_array_add(argv, g_strdup_printf("CC=%s%s", through, b->rq->cc));
	} else if (*through && !has_word(b, "CC=")) {
		g_autofree char *cross = NULL;
		for (char **w = b->words; *w; w++) {
			if (g_str_has_prefix(*w, "CROSS_COMPILE="))
				cross = g_strdup(*w + strlen("CROSS_COMPILE="));
		}
		bool llvm = has_word(b, "LLVM=");
		g_ptr_array_add(argv,
				llvm ? g_strdup("CC=ccache clang")
				     : g_strdup_printf("CC=ccache %sgcc", cross ? cross : ""));
	}
	for (char **w = b->words; *w; w++) { /* the setting `compilers` is the more special one */
		if (!b->rq->cc || !g_str_has_prefix(*w, "CC="))
			g_ptr_array_add(argv, g_strdup(*w));
	}
	g_ptr_array_add(argv, g_strdup(target));
	g_ptr_array_add(argv, NULL);
	return (GStrv)g_ptr_array_free(argv, FALSE);
}

err_t make_target(struct build *b, const char *obj, const char *target, bool *ok,
		  struct error *error)
{
	g_auto(GStrv) argv = make_command(b, obj, target);
	int status = -1;
	err_t err = command_run(b, argv, &status, error);
	*ok = !err && status == 0;
	return err;
}

static char *version_of(const struct build *b, const char *command)
{
	g_auto(GStrv) words = NULL;
	if (!g_shell_parse_argv(command, NULL, &words, NULL))
		return g_strdup("");
	char *text = command_output(b, words, "--version");
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text ? text : g_strdup("");
}

static char *word_value(const struct build *b, const char *variable)
{
	for (char **w = b->words; *w; w++) {
		if (g_str_has_prefix(*w, variable))
			return g_strdup(*w + strlen(variable));
	}
	return g_strdup("");
}

char *make_compiler(const struct build *b)
{
	g_autofree char *cross = word_value(b, "CROSS_COMPILE=");
	g_autofree char *cc = word_value(b, "CC=");
	bool llvm = has_word(b, "LLVM=");
	g_autofree char *gcc = g_strdup_printf("%sgcc", cross);
	g_autofree char *ld = llvm ? g_strdup("ld.lld") : g_strdup_printf("%sld", cross);
	const char *name = b->rq->cc ? b->rq->cc : *cc ? cc : llvm ? "clang" : gcc;
	g_autofree char *compiler = version_of(b, name);
	g_autofree char *linker = version_of(b, ld);
	return g_strdup_printf("%s, %s", compiler, linker);
}

char *make_image_name(struct build *b)
{
	g_autofree char *o = g_strdup_printf("O=%s", b->obj);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	command_add_words(words,
			  (char *[]){ "make", "-s", "-C", (char *)slot_src(b->slot), o, NULL });
	command_add_words(words, b->words);
	g_ptr_array_add(words, NULL);
	g_autofree char *text = command_output(b, (char **)words->pdata, "image_name");
	char *name = NULL;
	if (text) {
		g_strchomp(text);
		const char *nl = strrchr(text, '\n');
		name = g_strdup(nl ? nl + 1 : text);
	}
	/* trees before 2.6.31 do not know the question */
	if (!name || !*name || strchr(name, ' ')) {
		g_free(name);
		name = g_strdup("arch/x86/boot/bzImage");
	}
	return name;
}
