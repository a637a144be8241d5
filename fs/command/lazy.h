/*
 * What the program loads when it is first needed: all commands but triage, and of triage what wants
 * large libraries. Some fifty libraries hang on libvirt and libgit2, and loading them takes longer
 * than naming a hundred crashes. One thread.
 */
#ifndef FS_COMMAND_LAZY_H
#define FS_COMMAND_LAZY_H

/* The address of a function in bisectfs-commands.so, which lies beside the program (as built) or in
 * libexec (as installed). NULL: it cannot be loaded, and `why` (to be freed) says how. */
void *lazy_function(const char *name, char **why);

/* Marks a function that is found so: all others are hidden, so that what both the program and the
 * module hold a copy of stays apart. */
#define LAZY_FUNCTION __attribute__((visibility("default")))

#endif
