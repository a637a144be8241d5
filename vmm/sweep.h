/*
 * What runs leave behind on this machine: guests and probes that outlived a daemon killed together
 * with its supervisor, and the files of libvirt's embedded driver, which never removes some of its
 * own. No daemon but ours may use the state directory meanwhile.
 */
#ifndef VMM_SWEEP_H
#define VMM_SWEEP_H

/* Before the first run and without a connection: ends each QEMU that an earlier daemon with this
 * state directory started, and removes what is left of its runs. */
void sweep_state(const char *state);

/* The same for one root of an embedded driver whose connection is closed. */
void sweep_root(const char *root);

/* The files that libvirt keeps for ever of a domain that is gone: its log, its NVRAM. Any thread.
 */
void sweep_domain(const char *root, const char *name);

#endif
