/*
 * Fields are taken apart from the left; the first that is not as it should be ends the attempt.
 */
#include "android.h"

#include "stamp.h"

#include <glib.h>
#include <string.h>

/* "    0     0 W kernel  : text" */
static const char *skip_threads(const char *p, const char *end, bool *kernel)
{
	const char *pid = stamp_blanks(p, end), *pid_end = stamp_digits(pid, end);
	const char *tid = stamp_blanks(pid_end, end), *tid_end = stamp_digits(tid, end);
	if (pid == pid_end || tid == tid_end || end - tid_end < 4 || *tid_end != ' ' ||
	    !g_ascii_isupper(tid_end[1]) || tid_end[2] != ' ')
		return NULL;
	const char *colon = memmem(tid_end, (gsize)(end - tid_end), ": ", 2);
	*kernel = pid_end == pid + 1 && *pid == '0';
	return colon ? colon + 2 : NULL;
}

/* "W/        (    0): text" */
static const char *skip_brief(const char *p, const char *end, bool *kernel)
{
	if (end - p < 6 || !g_ascii_isupper(*p) || p[1] != '/')
		return NULL;
	const char *open = memchr(p, '(', (gsize)MIN(end - p, 40));
	const char *pid = open ? stamp_blanks(open + 1, end) : NULL;
	const char *pid_end = stamp_digits(pid, end);
	*kernel = pid && pid_end == pid + 1 && *pid == '0';
	return pid_end > pid ? stamp_word(pid_end, end, "): ") : NULL;
}

const char *android_logcat(const char *p, const char *end, bool *kernel)
{
	const char *after = skip_threads(p, end, kernel);
	return after ? after : skip_brief(p, end, kernel);
}

const char *android_task(const char *p, const char *end, const char **pid, const char **pid_end)
{
	const char *q = p < end && (*p == '-' || *p == '.') ? p + 1 : p;
	const char *cpu = stamp_word(q, end, "(") ? stamp_word(stamp_digits(q + 1, end), end, ")[")
						  : stamp_word(q, end, "[");
	bool mediatek = cpu && *q == '(';
	const char *first = stamp_digits(cpu, end);
	if (first && first > cpu && first < end && *first == ':') {
		const char *close = memchr(first, ']', (gsize)(MIN(end - first, 64)));
		const char *last = close;
		while (last && last > first && g_ascii_isdigit(last[-1]))
			last--;
		if (mediatek && close) {
			*pid = cpu;
			*pid_end = first;
			return close + 1;
		}
		if (close && last < close && last > first + 1 &&
		    (last[-1] == ' ' || last[-1] == ':')) {
			*pid = last;
			*pid_end = close;
			return close + 1;
		}
	}
	const char *core = stamp_word(p, end, "c"), *task = stamp_digits(core, end);
	if (task && task > core && task < end && *task == ' ') {
		*pid = stamp_blanks(task, end);
		*pid_end = stamp_digits(*pid, end);
		if (*pid_end > *pid && *pid_end < end && **pid_end == ' ') {
			const char *name = stamp_word(*pid_end, end, " (");
			const char *close =
				name ? memchr(name, ')', (gsize)MIN(end - name, 32)) : NULL;
			return close ? close + 1 : *pid_end;
		}
	}
	return NULL;
}
