/*
 * libFuzzer's target for triage: any bytes are a console log. Titles stay what they promise to be,
 * and a console that gets the bytes in pieces says the same as the whole log.
 */
#include "engine/triage/triage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct triage t;
	/* exactly as long as it is, so that the sanitizer sees a byte too many */
	char *log = malloc(size ? size : 1);
	memcpy(log, data, size);
	char *guilty = triage_guilty(NULL, log, size);
	if (triage_log(log, size, &t)) {
		size_t n = strlen(t.title);
		if (n > 120 || t.start >= size)
			abort();
		for (size_t i = 0; i < n; i++) {
			if (t.title[i] < 0x20 || t.title[i] > 0x7e)
				abort();
		}
		triage_clear(&t);
	} else if (guilty) {
		abort();
	}
	g_free(guilty);
	free(log);
	return 0;
}
