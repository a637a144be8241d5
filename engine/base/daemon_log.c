#include "daemon_log.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

static const char *const names[DAEMON_LOG_LEVELS] = { "error", "warning", "info", "debug" };
static const int priorities[DAEMON_LOG_LEVELS] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

static struct {
	enum daemon_log_level up_to;
	bool syslog;
	void (*sink)(const char *line);
} where = { .up_to = DAEMON_LOG_INFO };

void daemon_log_up_to(enum daemon_log_level level)
{
	where.up_to = level;
}

bool daemon_log_level_parse(const char *name, enum daemon_log_level *level)
{
	for (int i = 0; i < DAEMON_LOG_LEVELS; i++) {
		if (strcmp(names[i], name) == 0) {
			*level = (enum daemon_log_level)i;
			return true;
		}
	}
	return false;
}

void daemon_log_to_syslog(void)
{
	where.syslog = true;
	openlog("bisectfs", LOG_PID, LOG_DAEMON);
}

void daemon_log_to(void (*sink)(const char *line))
{
	where.sink = sink;
}

/* In one write, so that lines of several threads stay whole. */
static void print(const char *line)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
	g_autofree char *text = g_strdup_printf("time=%s.%03dZ %s\n", time,
						g_date_time_get_microsecond(now) / 1000, line);
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* there is nowhere to say so */
}

void daemon_log(enum daemon_log_level level, const char *bisection, const char *format, ...)
{
	va_list args;
	if (level > where.up_to && !where.sink)
		return;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *quoted = g_strescape(text, NULL);
	g_autofree char *line =
		bisection ? g_strdup_printf("level=%s bisection=%s msg=\"%s\"", names[level],
					    bisection, quoted)
			  : g_strdup_printf("level=%s msg=\"%s\"", names[level], quoted);
	if (where.sink)
		where.sink(line);
	else if (where.syslog)
		syslog(priorities[level], "%s", line);
	else
		print(line);
}
