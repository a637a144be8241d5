/*
 * bisectfs fsck STATE: says what is wrong with a state directory.
 */
#include "commands.h"
#include "complain.h"

#include "engine/store/fsck.h"

#include <glib.h>
#include <stdio.h>

static void print_found(void *arg, bool harmless, const char *path, const char *what)
{
	(void)arg;
	printf("%s%s: %s\n", harmless ? "note: " : "", path, what);
}

int cmd_fsck(int argc, char **argv)
{
	struct fsck f = { .found = print_found };
	struct error why;
	if (argc != 2 || argv[1][0] == '-')
		return complain(2, "fsck: one STATE directory is needed: see bisectfs --help");
	if (fsck_state(&f, argv[1], &why) != 0)
		return complain(1, "fsck: %s", why.text);
	printf("%s: %d bisections, %d finished runs, %d kernels: %d problems, %d notes\n", argv[1],
	       f.bisections, f.runs, f.kernels, f.problems, f.notes);
	return f.problems ? 1 : 0;
}
