/*
 * bisectfs: triage at once, any other command from the module that has them.
 */
#include "commands.h"
#include "complain.h"
#include "lazy.h"

#include <glib.h>
#include <string.h>

int main(int argc, char **argv)
{
	g_autofree char *why = NULL;
	if (argc > 1 && strcmp(argv[1], "triage") == 0)
		return cmd_triage(argc - 1, argv + 1);
	int (*run)(int, char **) = lazy_function("commands_run", &why);
	return run ? run(argc, argv) : complain(1, "cannot load the commands: %s", why);
}
