/*
 * What is done with files and directories in more than one room: each call is atomic or says what
 * is left of it. Any thread; paths are borrowed.
 */
#ifndef ENGINE_BASE_FILE_H
#define ENGINE_BASE_FILE_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* "cannot DOING PATH: REASON", by errno. Returns -errno. */
err_t file_error(struct error *error, const char *path, const char *doing);

err_t file_mkdir(const char *dir, struct error *error); /* with parents, 0700 */
/* With parents, 0755: for what another user gets to see although it lies in a closed directory. */
err_t file_mkdir_readable(const char *dir, struct error *error);
/* Writes to a temporary name (one that begins with a dot), syncs, renames: readers see the old or
 * the new content. Links that lie under either name are replaced, never followed. */
err_t file_write(const char *path, const void *data, gsize len, int mode, struct error *error);
/* Removes from a directory what a killed process has left of its file_write there. Nobody may be
 * writing there now. */
void file_remove_temporary(const char *dir);
err_t file_remove_tree(const char *dir, struct error *error);
/* Copies the files of `from` whose name begins with no dot and whose permissions have all of `bits`
 * into the new directory `to`; a directory that is missing is an empty one. */
err_t file_copy_tree(const char *from, const char *to, mode_t bits, struct error *error);
/* Makes what is in the file durable, where there is one. */
err_t file_sync(const char *path, struct error *error);
/* Makes the names in the directory that holds `path` durable. */
err_t file_sync_dir_of(const char *path, struct error *error);
/* What is in a directory (char *, new, sorted); none where there is no such. */
GPtrArray *file_names(const char *dir);
bool file_exists(const char *path);
/* For directories that programs of a tree write in: opens the regular file `path` below `dir` for
 * reading, whatever else lies there. Links that lead out of `dir` are not followed. -1 and errno
 * (EINVAL: it is no regular file). */
int file_open_below(const char *dir, const char *path);
/* The rest of a regular file, with a zero behind it, to be freed; NULL: it cannot be read, or the
 * file has more than `limit` bytes. */
char *file_read_opened(int fd, gsize limit, gsize *len);
/* Likewise, of the file that file_open_below opens. */
char *file_read_below(const char *dir, const char *path, gsize limit, gsize *len);
/* The first bytes of a file, `limit` at most, with a zero behind them, to be freed; NULL: it cannot
 * be read. Waits for no FIFO. For files that others write, /proc included, where a size says
 * nothing. */
char *file_read_head(const char *path, gsize limit, gsize *len);

/* The first bytes of a file, `limit` at most, with a zero behind them, to be freed; NULL: it cannot
 * be read. Waits for no FIFO. For files that others write, /proc included, where a size says
 * nothing. */
char *file_read_head(const char *path, gsize limit, gsize *len);

#endif
