/*
 * QEMU processes on this machine that an embedded driver started: found and ended without libvirt.
 * A number that was read from a file or from /proc may be another process's by now; so a process is
 * held by a pidfd first, then recognised by its command line, then killed through the pidfd. Any
 * thread.
 */
#ifndef VMM_QEMU_PROCESS_H
#define VMM_QEMU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether a command line (as /proc has it: words with a zero behind each) is of a QEMU that the
 * embedded driver with this root directory started: a guest, or a probe of capabilities. */
bool qemu_process_is_of(const char *cmdline, size_t len, const char *root);

/* Kills the process if it is a QEMU of this root, and waits (5 s at most) until it has ended, and a
 * moment for its parent to reap it. False: it is none, or it could not be killed. */
bool qemu_process_kill(pid_t pid, const char *root);

/* The number in a pid file; 0: there is none. */
pid_t qemu_process_read_pid(const char *path);

/* Kills all of them. Returns their number. */
int qemu_process_kill_all(const char *root);

#endif
