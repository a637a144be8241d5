/*
 * One line, in one call, so that lines of several processes stay whole.
 */
#include "complain.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

int complain(int status, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	g_autofree char *text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	fprintf(stderr, "bisectfs: %s\n", text);
	return status;
}
