/*
 * What Android's logcat and vendors of telephones print before the kernel's text. All take the
 * bytes from `p` to `end`. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_ANDROID_H
#define ENGINE_TRIAGE_ANDROID_H

#include <stdbool.h>

/* logcat's fields behind the date, "    0     0 W kernel  : " or "W/        (    0): "; where they
 * end, NULL: they are not there. The kernel is who has no process number. */
const char *android_logcat(const char *p, const char *end, bool *kernel);

/* A vendor's field behind printk's time: "[0:      swapper/0:    1]", "(0)[1:init]", "c0     1
 * (init)"; where it ends, NULL: it is not there. The task's number is what lies from `pid` to
 * `pid_end`. */
const char *android_task(const char *p, const char *end, const char **pid, const char **pid_end);

#endif
