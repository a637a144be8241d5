/*
 * libFuzzer's target for what users write: the first byte says where, the rest is written. A value
 * that is taken is one line, and taken again as it reads back.
 */
#include "engine/core/command.h"
#include "engine/history/navigate.h"
#include "engine/base/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_setting(enum setting id, const char *text, size_t len)
{
	struct settings s, again;
	if (setting_is_large(id)) {
		setting_check_large(id, text, len, NULL);
		return;
	}
	settings_init(&s);
	settings_init(&again);
	if (settings_set(&s, id, text, len, NULL) == 0) {
		const char *value = settings_text(&s, id);
		if (strchr(value, '\n') ||
		    settings_set(&again, id, value, strlen(value), NULL) != 0 ||
		    strcmp(settings_text(&again, id), value) != 0)
			abort();
		if (id == SET_MATCH || id == SET_FAIL)
			pattern_matches(value, "BUG: KASAN: aaaaaaaaaaaaaaaaaaaaaaaa in +++++@");
		json_t *json = settings_to_json(&s);
		if (!json || settings_from_json(&again, json, NULL) != 0)
			abort();
		json_decref(json);
	}
	settings_clear(&s);
	settings_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	char *text = g_strndup((const char *)data + 1, size - 1);
	if (data[0] < SETTINGS) {
		try_setting((enum setting)data[0], (const char *)data + 1, size - 1);
	} else if (data[0] % 2) {
		GStrv words = command_words(text);
		for (char **w = words; *w; w++) {
			if (!**w || strpbrk(*w, " \t\r\n"))
				abort();
		}
		g_strfreev(words);
	} else {
		char *half = text + strlen(text) / 2;
		char *config = g_strndup(text, (gsize)(half - text));
		g_strfreev(navigate_options(config, half));
		g_free(config);
	}
	g_free(text);
	return 0;
}
