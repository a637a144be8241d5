/*
 * What the daemon tells whoever looks after the machine: one line each, as `key=value` pairs, on
 * stderr (which is STATE/daemon.log unless the daemon stays in the foreground) or to syslog. Any
 * thread.
 */
#ifndef ENGINE_BASE_DAEMON_LOG_H
#define ENGINE_BASE_DAEMON_LOG_H

#include <glib.h>
#include <stdbool.h>

enum daemon_log_level {
	DAEMON_LOG_ERROR,
	DAEMON_LOG_WARNING,
	DAEMON_LOG_INFO,
	DAEMON_LOG_DEBUG,
	DAEMON_LOG_LEVELS
};

/* `bisection` NULL: of the whole. */
void daemon_log(enum daemon_log_level level, const char *bisection, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Nothing above `level` is said; DAEMON_LOG_INFO at first. Before any other thread is there. */
void daemon_log_up_to(enum daemon_log_level level);
bool daemon_log_level_parse(const char *name, enum daemon_log_level *level);
/* To syslog(3), as a daemon, instead of stderr. */
void daemon_log_to_syslog(void);
/* For tests: all lines go here. NULL: to where they went before. */
void daemon_log_to(void (*sink)(const char *line));

#endif
