/*
 * Labels that came with facts are passed on; that of the compiler follows from the step in which
 * the culprit's parent was built with the culprit's.
 */
#include "labels.h"

#include "certify.h"

static void add_all(GPtrArray *out, char *const *labels)
{
	for (; labels && *labels; labels++)
		g_ptr_array_add(out, g_strdup(*labels));
}

static char *compiler_label(const struct session *s, const struct certify_border *border)
{
	const struct step *step = certify_compiler_step(s, border);
	bool fix = settings_is_fix(&s->settings);
	g_autofree char *where =
		g_strdup_printf("the border is where the compiler changes, from %s to %s",
				border->before ? border->before : "the default",
				border->after ? border->after : "the default");
	if (!step || step->by_user || step->verdict == VERDICT_NONE ||
	    step->verdict == VERDICT_SKIP)
		return g_strdup_printf("%s: the parent was not tested with the latter%s%s", where,
				       step && step->build_failed ? ": " : "",
				       step && step->build_failed ? step->reason : "");
	if ((step->verdict == VERDICT_BAD) == fix)
		return NULL; /* it is not the compiler */
	return g_strdup_printf("%s: built with the latter, the parent %s", where,
			       fix ? "does not have the bug either" : "has the bug too");
}

GPtrArray *labels_of(const struct session *s)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	struct certify_border border;
	if (!s->found || !s->found[0] || s->found[1])
		return out;
	add_all(out, s->found_labels);
	add_all(out, s->config_labels);
	char *compiler = certify_border(s, &border) ? compiler_label(s, &border) : NULL;
	if (compiler)
		g_ptr_array_add(out, compiler);
	return out;
}
