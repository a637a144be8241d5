/*
 * libFuzzer's target for journals: any bytes are one. Reading it, and asking the session that comes
 * of it for all it has to say, must end without harm. (Lines without checksums are taken as those
 * of before there were any, so the fuzzer gets at what is behind them.)
 */
#include "engine/store/journal.h"
#include "engine/session/forecast.h"
#include "engine/text/bisection_log.h"
#include "engine/text/git_log.h"
#include "engine/text/mail.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replayed {
	struct session *s;
	GString *log;
};

static err_t replay(const struct event *ev, void *arg, struct error *error)
{
	struct replayed *r = arg;
	return bisection_log_apply(r->s, r->log, ev, error);
}

static void print(const struct replayed *r)
{
	GString *out = g_string_new(NULL);
	git_log_print(r->s, out);
	mail_print(r->s, r->log, "", out);
	g_string_free(out, TRUE);
}

static void ask(const struct session *s)
{
	struct event ev;
	struct next_query q;
	GArray *wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	if (session_decide(s, &ev))
		event_clear(&ev);
	session_wishes(s, wishes);
	for (guint i = 0; i < wishes->len; i++) {
		if (g_array_index(wishes, struct wish, i).kind != WISH_NEXT)
			continue;
		session_next_query(s, &q);
		g_free(forecast_key(&q));
		next_query_clear(&q);
	}
	forecast_odds(s, s->changed);
	g_array_unref(wishes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	size_t torn;
	struct error why;
	if (!*path)
		snprintf(path, sizeof(path), "/dev/shm/bisectfs-fuzz-%d", (int)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	close(fd);
	struct replayed r = { .s = session_new("fuzz"), .log = g_string_new(NULL) };
	if (journal_read(path, replay, &r, &torn, &why) == 0) {
		ask(r.s);
		print(&r);
	}
	session_free(r.s);
	g_string_free(r.log, TRUE);
	unlink(path);
	return 0;
}
