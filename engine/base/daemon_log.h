/*
 * What the daemon tells whoever looks after the machine: one line each, as `key=value` pairs, on
 * stderr (which is STATE/daemon.log unless the daemon stays in the foreground) or to syslog. Any
 * thread.
 */
#ifndef ENGINE_BASE_DAEMON_LOG_H
#define ENGINE_BASE_DAEMON_LOG_H

#include <glib.h>
#include <stdbool.h>

enum say_level { SAY_ERROR, SAY_WARNING, SAY_INFO, SAY_DEBUG, SAY_LEVELS };

/* `bisection` NULL: of the whole. */
void say(enum say_level level, const char *bisection, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Nothing above `level` is said; SAY_INFO at first. Before any other thread is there. */
void say_up_to(enum say_level level);
bool say_level_parse(const char *name, enum say_level *level);
/* To syslog(3), as a daemon, instead of stderr. */
void say_to_syslog(void);
/* For tests: all lines go here. NULL: to where they went before. */
void say_to(void (*sink)(const char *line));

#endif
