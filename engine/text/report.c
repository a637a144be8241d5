/*
 * What mail and page say alike.
 */
#include "report.h"

#include "engine/session/build_verdict.h"

bool report_has_culprit(const struct session *s)
{
	/* one commit alone may be in doubt all the same: see certify_tells_apart */
	bool doubt = s->verdict && g_str_has_prefix(s->verdict, "inconclusive");
	return session_has_answer(s) && s->found && s->found[0] && !s->found[1] && s->found_text &&
	       !doubt;
}

bool report_has_borders(const struct session *s)
{
	return session_has_answer(s) && s->borders && s->found_text;
}

bool report_is_crash(const struct session *s)
{
	const struct run *bug = session_crash(s, NULL, NULL);
	return bug && (bug->outcome == OUTCOME_CRASHED || bug->type != CRASH_NONE);
}

const char *report_crash_word(const struct session *s)
{
	if (settings_test(&s->settings) == TEST_BUILD)
		return "The error";
	return report_is_crash(s) ? "The crash" : "What was printed last";
}

const char *report_title(const struct session *s)
{
	if (settings_test(&s->settings) == TEST_BUILD) {
		const struct step *step = session_step(s, build_verdict_bug(s));
		return step ? step->title : "";
	}
	const struct run *crash = session_crash(s, NULL, NULL);
	return crash ? crash->title : "";
}
