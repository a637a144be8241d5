/*
 * libFuzzer's target for prefixes: any bytes are lines. What is read lies in the line, whatever was
 * learnt before, and learning in pieces is learning at once.
 */
#include "engine/triage/clean.h"
#include "engine/triage/prefix.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct prefix_form *form, const char *line, size_t len)
{
	struct prefix_line l;
	/* exactly as long as it is, so that the sanitizer sees a byte too many */
	char *copy = malloc(len ? len : 1);
	memcpy(copy, line, len);
	prefix_read(form, copy, len, &l);
	if (l.text > len || !memchr(l.caller, 0, sizeof(l.caller)) ||
	    (*l.caller && !strchr("[(", *l.caller)))
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prefix_form whole = { 0 }, lines = { 0 };
	const char *at = (const char *)data, *end = at + size;
	GString *clean = g_string_new(NULL);
	prefix_learn(&whole, at, size);
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at)), *eol = nl ? nl : end;
		clean_line(at, (size_t)(eol - at), PREFIX_LINE_BYTES, clean);
		if (clean->len > PREFIX_LINE_BYTES)
			abort();
		prefix_feed(&lines, clean->str, clean->len);
		check(NULL, clean->str, clean->len);
		check(&whole, clean->str, clean->len);
		at = nl ? nl + 1 : end;
	}
	if (memcmp(&whole, &lines, sizeof(whole)) != 0)
		abort();
	g_string_free(clean, TRUE);
	return 0;
}
