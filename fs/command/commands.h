/*
 * The subcommands of bisectfs(1). Each takes its own words (argv[0] is the subcommand's name) and
 * returns the exit status: 0 done, 1 failed, 2 usage.
 */
#ifndef FS_COMMAND_COMMANDS_H
#define FS_COMMAND_COMMANDS_H

/* All commands but triage, in a module that is loaded for them (lazy.h). */
int commands_run(int argc, char **argv);

int cmd_mount(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_triage(int argc, char **argv);

#endif
