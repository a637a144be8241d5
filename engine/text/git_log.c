/*
 * What `git bisect log` prints for the same verdicts: the start with its range, then each verdict
 * that holds, after a comment with the commit's subject.
 */
#include "git_log.h"

#include "engine/session/range.h"
#include "format.h"

void git_log_print(const struct session *s, GString *out)
{
	if ((!session_over(s) && !session_has_answer(s)) || !s->search_bad)
		return;
	format_git_start(out, s, s->search_bad, s->search_goods);
	g_autoptr(GArray) verdicts = range_verdicts(s);
	for (guint i = 0; i < verdicts->len; i++) {
		const struct range_verdict *f = &g_array_index(verdicts, struct range_verdict, i);
		const char *term = session_git_term(s, f->verdict);
		if (f->release) /* the range that the start names */
			continue;
		g_string_append_printf(out, "# %s: [%s] ", term, f->commit);
		for (const char *p = f->subject ? f->subject : ""; *p; p++)
			g_string_append_c(out, (guchar)*p < 0x20 ? ' ' : *p);
		g_string_append_printf(out, "\ngit bisect %s %s\n", term, f->commit);
	}
}
