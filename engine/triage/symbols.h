/*
 * Source positions for a crash report: "function+0xoff/0xsize" gets " path/file.c:123" behind it,
 * and callers that were inlined get lines of their own that end in "[inline]". Through libdw, in
 * this process. A handle belongs to one thread at a time.
 */
#ifndef ENGINE_TRIAGE_SYMBOLS_H
#define ENGINE_TRIAGE_SYMBOLS_H

#include "bisectfs/error.h"

#include <glib.h>

struct symbols;

/* The index of a kernel, built once. -ENODATA: it has no debug information; -EINVAL: it is no ELF
 * file that can be read; -EFBIG: its tables would take more memory than those of any kernel (the
 * file may come from a hostile tree); -errno of open. */
err_t symbols_open(const char *vmlinux, struct symbols **symbols, struct error *error);
void symbols_close(struct symbols *s);

/* The report with positions, new. `module`: only frames of this module get them; NULL: of the
 * kernel itself. Lines that have some already, or name nothing that the kernel holds, stay as they
 * are. Paths become relative to the source tree: what stands before the last
 * "/src/" of a build slot, or `tree` (may be NULL), is cut. */
char *symbols_report(struct symbols *s, const char *module, const char *report, const char *tree);

/* The build id in hex, new; NULL: the file has none. */
char *symbols_build_id(struct symbols *s);

#endif
