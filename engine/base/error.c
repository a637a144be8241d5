#include "bisectfs/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text from a repository or a guest may hold terminal escapes and newlines: an error is one line.
 */
static void keep_one_line(char *text)
{
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
	size_t len = strlen(text);
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
}

err_t error_set(struct error *e, int code, const char *fmt, ...)
{
	if (e) {
		char text[sizeof(e->text)];
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap); /* arguments may point into e itself */
		va_end(ap);
		keep_one_line(text);
		e->code = code;
		memcpy(e->text, text, sizeof(text));
	}
	return -code;
}

err_t error_prefix(struct error *e, const char *fmt, ...)
{
	if (!e)
		return -EIO;
	char head[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	return error_set(e, e->code, "%s: %s", head, e->text);
}
