/*
 * What mail and page say alike.
 */
#include "report.h"

#include "engine/session/build_verdict.h"

bool report_has_culprit(const struct session *s)
{
	return session_has_answer(s) && s->found && s->found[0] && !s->found[1] && s->found_text;
}

const char *report_crash_word(const struct session *s)
{
	return settings_test(&s->settings) == TEST_BUILD ? "The error" : "The crash";
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
