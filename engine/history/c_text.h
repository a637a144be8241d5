/*
 * What a C file says to a compiler: the same without comments, and with white space only where it
 * tells two things apart. Pure.
 */
#ifndef ENGINE_HISTORY_C_TEXT_H
#define ENGINE_HISTORY_C_TEXT_H

#include <glib.h>
#include <stdbool.h>

/* Whether the two differ in comments and white space alone, by C's translation phases 1 to 3
 * (ISO C 5.1.1.2). What a macro makes of line numbers, or of the blanks between its arguments'
 * words, is not looked at. */
bool c_text_same(const char *a, gsize a_len, const char *b, gsize b_len);

#endif
