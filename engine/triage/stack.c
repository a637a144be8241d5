/*
 * A trace is recognised line by line: its first line by a list of shapes, its frames by two (the
 * second is that of 32-bit ARM). A report is damaged where a trace begins and no frame follows.
 */
#include "stack.h"

#include "shape.h"

#include <string.h>

static const char *const first_lines[] = {
	"Call (?:T|t)race",
	"Allocated:",
	"Allocated by task [0-9]+:",
	"Freed:",
	"Freed by task [0-9]+:",
	"[^k] backtrace(?: \\(crc [0-9a-f]+\\))?:",
	"Backtrace:",
	"Uninit was stored to memory at",
	"status: [0-9a-f]{16} badaddr: [0-9a-f]{16} cause: [0-9a-f]{16}",
};
#define RISCV_START "status: "

const char *stack_line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	return nl ? nl : end;
}

bool stack_next_line(const char **at, const char *end, const char **line, gsize *len)
{
	if (*at >= end)
		return false;
	const char *eol = stack_line_end(*at, end);
	*line = *at;
	*len = (gsize)(eol - *at);
	*at = eol < end ? eol + 1 : end;
	return true;
}

bool stack_starts(const char *line, gsize len)
{
	/* few lines do; the first look is cheap */
	if (!memchr(line, ':', len) && !memmem(line, len, "race", 4) &&
	    !memmem(line, len, "Uninit", 6))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(first_lines); i++) {
		if (shape_fits(first_lines[i], line, len))
			return true;
	}
	return false;
}

static bool is_frame(const char *line, gsize len)
{
	return shape_fits(STACK_FRAME, line, len) || shape_fits(STACK_ARM_FRAME, line, len);
}

#define NEXT_LINES 15

/* After the first stack of this kind there have to be frames. */
static bool stack_is_sound(const char *start, const char *end, bool riscv)
{
	const char *line;
	gsize len;
	int lines = 0;
	bool frame = false, other = false;
	stack_next_line(&start, end, &line, &len);
	while (stack_next_line(&start, end, &line, &len) && lines < NEXT_LINES) {
		lines++;
		other = other || stack_starts(line, len);
		frame = frame || (!other && (is_frame(line, len) ||
					     memmem(line, len, "(stack is not available)", 24)));
	}
	return lines + 1 >= 3 && (frame || riscv);
}

bool stack_is_missing(const char *text, gsize text_len)
{
	const char *end = text + text_len;
	bool any = false;
	for (gsize i = 0; i < G_N_ELEMENTS(first_lines); i++) {
		int at = shape_search(first_lines[i], text, text_len, NULL, NULL);
		if (at < 0)
			continue;
		const char *line = text + at;
		while (line > text && line[-1] != '\n')
			line--;
		bool riscv = g_str_has_prefix(first_lines[i], RISCV_START);
		if (!stack_is_sound(line, end, riscv))
			return true;
		any = true;
	}
	return !any;
}
