/*
 * The store: what is on disk, and whether it is whole. A bisection's facts go into its journal
 * (journal.h) and come back from there at the next mount; built kernels wait for whoever needs them
 * again (kernels.h); the profile says what the machine may do (profile.h); fsck.h looks all of it
 * through and changes nothing. The core thread calls what writes; readers are named in each header.
 *
 * This file says where things lie in the state directory, and has the few operations on it that
 * must be atomic.
 *
 *   lock                     held by the daemon; where that is mounted
 *   reserve                  room for the journals, given up when the disk is full
 *   daemon.log               what the daemon says
 *   new/settings/NAME        defaults of the next bisections
 *   b/NAME/journal           one bisection
 *   b/NAME/settings/NAME     its large settings; files/ in it
 *   b/NAME/steps/N/...       build.log, config, runs/K.log, runs/K.report; kernel and vmlinux while
 *                            it is tested
 *   b/NAME/ahead/KEY/runs/   logs of runs that no step asks for yet
 *   kernels/KEY/...          built kernels; KEY.part: being built
 *   promised/git             what a partial clone lacked, a bare repository
 *   slots/N/{src,obj,git}    build slots
 *   users/UID/slots/N/...    those of users who build with their own rights; ccache/ beside them
 *   libvirt/, libvirt-N/     roots of the embedded driver
 *   vm-N.*                   a guest's initramfs and console
 *   trash/                   being deleted
 *
 * Settings may be private to one user, and what is built is one user's own, so all of it is closed
 * to everybody else: the state directory and the directories in it have mode 0700, and older ones
 * get it when they are opened. Three exceptions:
 *
 * - b/NAME/settings and files/ in it, and slots' trees, are 0755 below those: the cage binds them
 *   by themselves into what a build with its user's rights sees, and that user has to read them.
 *   What is private there is so by the mode of the file.
 * - The state directory itself is 0711 where a libvirtd on this machine runs guests
 *   (state_dir_let_through): its QEMU, which has a uid of its own, opens vm-N.kernel and vm-N.cpio.
 * - A directory that was given to us and holds other things too (/tmp, somebody's home) keeps its
 *   mode; what is ours in it is closed all the same.
 *
 * Any thread; paths are new strings, to be freed.
 */
#ifndef ENGINE_STORE_STATE_DIR_H
#define ENGINE_STORE_STATE_DIR_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Creates the directory, closes it to others and takes its lock; removes what a killed daemon had
 * begun to write. -EBUSY: another daemon has it. `fd` keeps the lock. */
err_t state_dir_open(const char *dir, int *fd, struct error *error);
/* Writes into the lock where its holder is mounted; whoever waits for the lock reads it: "" where
 * it is not known. To be freed. */
void state_dir_note_holder(int fd, const char *mountpoint);
char *state_dir_holder(const char *dir);
/* Lets others through the state directory itself, to files in it whose names they know. */
err_t state_dir_let_through(const char *dir, struct error *error);

/* Where a partial clone's promisor (engine/objects) keeps what it fetched. */
char *state_dir_promised(const char *state);
char *state_dir_bisection(const char *state, const char *name);
char *state_dir_step(const char *state, const char *name, int step);
char *state_dir_run(const char *state, const char *name, int step, int run, const char *suffix);
/* `name` NULL: defaults of new bisections. `setting` NULL: the directory. */
char *state_dir_setting(const char *state, const char *name, const char *setting);

/* Makes the directories of a new bisection that its settings go into. */
err_t state_dir_make_settings(const char *state, const char *name, struct error *error);
/* Makes a new bisection's directory and the name of its journal durable. */
err_t state_dir_sync_bisection(const char *state, const char *name, struct error *error);

#endif
