/*
 * What a stack trace looks like in a report, on all architectures that syzkaller knows (the shapes
 * are those of its report package), and whether a report has lost its trace. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_STACK_H
#define ENGINE_TRIAGE_STACK_H

#include <glib.h>
#include <stdbool.h>

/* Shapes (shape.h) of a frame, with its function as a group, and of the frame in which a fault was
 * injected: whatever follows such a one is not the kernel's own doing. */
#define STACK_FRAME "^ *\\(?(?:{PC} ){0,2}\\.?{F}"
#define STACK_ARM_FRAME "{PC} \\(([a-zA-Z0-9_.]+)\\) from {PC} \\({F}"
#define STACK_INJECTED "^ ?(?:{PC})? should_(?:fail|failslab)(?:\\.[a-z0-9.]+)?\\+0x"

/* End of the line that begins at `p`: its newline, or `end`. */
const char *stack_line_end(const char *p, const char *end);
/* Takes the next line (without its newline) and moves `at` behind it; false: there is none. */
bool stack_next_line(const char **at, const char *end, const char **line, gsize *len);

/* Whether a trace begins with this line. */
bool stack_starts(const char *line, gsize len);
/* Whether a report has no trace at all, or one without frames: the console lost lines. */
bool stack_is_missing(const char *text, gsize len);

#endif
