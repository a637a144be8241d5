/*
 * A bisection that goes on where another one stopped: the commits of its log, looked up, become the
 * ends of the range and verdicts. Reads the repository; the thread that owns `repo`.
 */
#ifndef ENGINE_HISTORY_TAKE_OVER_H
#define ENGINE_HISTORY_TAKE_OVER_H

#include "repo.h"

#include <glib.h>

/* Full hashes. What the user wrote to `start` is there before, and wins over the log. */
struct take_over {
	char *commit;	   /* the starting one, which has the bug; NULL: the log names it */
	GPtrArray *goods;  /* char *; without any, the log's */
	GPtrArray *judged; /* char *: "good HASH", "bad HASH", "skip HASH" in the order of the log;
			    * bad has the bug. All but the ends */
};

/* `text`: the setting. With `fix` the log's older side has the bug and its newer one is fixed.
 * Adds to `all`. -EINVAL with line and reason: malformed, a revision that is not known, a
 * contradiction. -ENOENT: a commit is missing. */
err_t take_over_log(struct repo *repo, const char *text, bool fix, struct take_over *all,
		    struct error *error);

#endif
