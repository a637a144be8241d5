/*
 * How the command says what went wrong.
 */
#ifndef FS_COMMAND_COMPLAIN_H
#define FS_COMMAND_COMPLAIN_H

/* "bisectfs: TEXT" on stderr; returns `status`. */
int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
