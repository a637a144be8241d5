/*
 * When a growing sample is looked at. Each look may err, so the chance to err that is allowed in
 * all is divided among them: they are few, each a quarter later than the one before. Pure.
 */
#ifndef ENGINE_SESSION_LOOKS_H
#define ENGINE_SESSION_LOOKS_H

/* Sizes of the sample: the first, the last, and how many there are. */
struct looks {
	int first, most, count;
};

/* `first` is at least 1; from `most` on there is only that one. */
struct looks looks_make(int first, int most);
/* The last look that a sample of n has come to; 0: none yet. */
int looks_last(const struct looks *looks, int n);
/* The look that a sample of n comes to next; 0: there is none. */
int looks_next(const struct looks *looks, int n);

#endif
