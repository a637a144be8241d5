/*
 * libFuzzer's target for what `git bisect log` printed elsewhere: any text is one. A refusal names
 * the setting, and what is taken has a revision and a line of the text for each verdict.
 */
#include "engine/session/bisect_log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);
	int lines = 1;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	struct bisect_log log;
	struct error why = { 0 };
	if (bisect_log_parse(text, &log, &why) != 0 && !g_str_has_prefix(why.text, "bisect-log: "))
		abort();
	for (guint i = 0; i < log.entries->len; i++) {
		const struct bisect_log_entry *entry =
			&g_array_index(log.entries, struct bisect_log_entry, i);
		if (!entry->revision || entry->line < 1 || entry->line > lines)
			abort();
	}
	bisect_log_clear(&log);
	g_free(text);
	return 0;
}
