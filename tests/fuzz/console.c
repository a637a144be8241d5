/*
 * libFuzzer's target for a guest's console: the first bytes say how it is judged and in which
 * pieces it comes. Without the word of a success (where it only has to come up, of being ready) no
 * bytes may pass for one.
 */
#include "vmm/console.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct console_words words = { { "0123456789abcdefABCDEF", "1123456789abcdefABCDEF",
					      "2123456789abcdefABCDEF",
					      "3123456789abcdefABCDEF" } };

static bool has(const uint8_t *data, size_t size, enum console_word word)
{
	return memmem(data, size, words.word[word], strlen(words.word[word]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_request rq = {
		.ready = "", .pass = "", .fail = "", .boot_timeout_s = 10, .timeout_s = 10
	};
	struct outcome outcome = { .kind = OUTCOME_NONE };
	int64_t now = 1;
	size_t len;
	if (size < 2)
		return 0;
	bool ours = data[0] & 1;
	if (!ours) {
		rq.ready = "toy: ready";
		rq.pass = data[0] & 2 ? "toy: pass" : "";
		rq.fail = data[0] & 4 ? "toy: (fail|dead)" : "";
	} else if (data[0] & 4) {
		rq.fail = "not ok [0-9]+ picked";
		rq.metric = "speed: ([0-9.]+)";
	}
	rq.boot_only = data[0] & 32;
	rq.on_timeout = data[0] & 64 ? VERDICT_BAD : data[0] & 128 ? VERDICT_SKIP : VERDICT_GOOD;
	struct console *c = console_new(&rq, ours ? &words : NULL);
	console_start(c, now);
	size_t piece = data[1] + 1u, at = 2;
	while (at < size && console_phase(c) != CONSOLE_OVER) {
		size_t n = size - at < piece ? size - at : piece;
		now += 1000;
		console_feed(c, (const char *)data + at, n, now);
		at += n;
	}
	if (data[0] & 8)
		console_gone(c, data[0] & 16, now);
	for (int i = 0; i < 200 && console_phase(c) != CONSOLE_OVER; i++)
		console_tick(c, now += 1000000);
	if (console_phase(c) != CONSOLE_OVER)
		abort(); /* each run ends */
	console_outcome(c, &outcome);
	console_report(c, &len);
	bool succeeded = has(data, size, rq.boot_only ? CONSOLE_READY : CONSOLE_PASSED);
	/* where one case of a suite counts, the suite may fail */
	succeeded = succeeded || (*rq.fail && has(data, size, CONSOLE_FAILED));
	if (outcome.kind == OUTCOME_NONE || (ours && outcome.kind == OUTCOME_OK && !succeeded) ||
	    (outcome.kind == OUTCOME_SKIPPED && outcome.status < 0))
		abort();
	console_free(c);
	return 0;
}
