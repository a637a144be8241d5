/*
 * Whether guests really run under KVM here. That /dev/kvm opens says little: on some hosts (nested,
 * emulated) a guest starts and then crawls.
 */
#ifndef VMM_PROBE_H
#define VMM_PROBE_H

#include <stdbool.h>

/* Runs a loop of 100,000 steps in a guest of its own, in a child process with a time limit. False
 * also where it runs, but more than a hundred times slower than hardware would. `why` (size bytes)
 * gets one line for people. Takes 3 s at most. */
bool probe_kvm(char *why, int size);

#endif
