/*
 * Words that an unknown logger puts before every line, learnt from the lines themselves. Pure; any
 * thread, an array of guesses in one at a time.
 */
#ifndef ENGINE_TRIAGE_WORDS_H
#define ENGINE_TRIAGE_WORDS_H

/* That many words and bytes at most. */
#define WORDS_MOST 3
#define WORDS_BYTES 48

struct words_guess {		 /* how lines begin; all zero: nothing was seen */
	char shape[WORDS_BYTES]; /* with one digit for each row of digits */
	int votes, hits;
};

/* `guesses` has WORDS_MOST elements, one for each number of words. */
void words_learn(struct words_guess *guesses, const char *p, const char *end);
/* Where the words end that two thirds of `lines` lines begin with; NULL: they have none in common,
 * or this line does not begin with them. */
const char *words_skip(const struct words_guess *guesses, int lines, const char *p,
		       const char *end);

#endif
