/*
 * What is known of commits, and between which of them the search goes on. Pure.
 */
#ifndef ENGINE_SESSION_RANGE_H
#define ENGINE_SESSION_RANGE_H

#include "bisectfs/session.h"

/* Splits "NAME HASH". Both are to be freed. */
void range_split(const char *line, char **name, char **commit);

/* Splits "VERDICT HASH SUBJECT", where the subject may be missing (NULL). False: it is none. Commit
 * and subject are to be freed. */
bool range_judgement(const char *line, enum verdict *v, char **commit, char **subject);

/* The last word of its user's on the commit, whatever a test says; VERDICT_NONE: there is none. */
enum verdict range_users_word(const struct session *s, const char *commit);

/* The verdicts that narrow the range, in the order in which they became known; of each commit that
 * which holds now. */
struct range_verdict {
	const char *commit;  /* of the session */
	const char *subject; /* NULL: not known */
	enum verdict verdict;
	bool release; /* an end of the range, not asked for by the search */
	bool chosen;  /* the search asked for it: it lay within the range of then */
};
GArray *range_verdicts(const struct session *s); /* struct range_verdict, new */

/* The same as git is told it, whose words fix mode turns round: the last bad commit, the good ones
 * and the skipped ones. New; `bad` is NULL where there is none. */
void range_now(const struct session *s, char **bad, GStrv *goods, GStrv *skips);

/* The ends as the bisection was started with them, in git's words too. New; `bad` is NULL where it
 * is not known. */
void range_ends(const struct session *s, char **bad, GStrv *goods);
/* One of the given good commits that has the bug too, as its test or its user says; NULL: none. */
const char *range_good_that_is_bad(const struct session *s);
/* One of them of which nothing is known; NULL: none. */
const char *range_good_untested(const struct session *s);

/* Whether a verdict on a side of a merge that was found says where the search goes on: not in one
 * of first parents alone, where the bug may have come in with a side, and not in one for a fix,
 * where a side may never have had the bug. */
bool range_sides_count(const struct session *s);

/* Whether verdicts may contradict a single culprit: a commit has been judged in two ways, the
 * parent of a culprit has the bug, or a given good commit has it. */
bool range_may_contradict(const struct session *s);

/* Commits that steps have tested and of which this is known now. New. */
GStrv range_tested(const struct session *s, enum verdict v);
/* Those of which it is known that they do not have the bug, and the given good ones of which
 * nothing else is known. New. */
GStrv range_clean(const struct session *s);

#endif
