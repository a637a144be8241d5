/*
 * bisectfs: command line, but for triage (start.c).
 */
#include "commands.h"
#include "complain.h"
#include "lazy.h"

#include "engine/history/repo.h"

#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BISECTFS_VERSION
#define BISECTFS_VERSION "unknown"
#endif

static const char usage[] =
	"usage: bisectfs mount [-f] [-o OPT[,OPT...]] [--profile FILE] [--state DIR]\n"
	"                [--log stderr|syslog] [--log-level LEVEL] REPO MOUNTPOINT\n"
	"       bisectfs REPO MOUNTPOINT [-o OPT[,OPT...]]\n"
	"       bisectfs plan --bad REV --good REV... [--culprit REV] [--skip REV]... "
	"[--first-parent] REPO [-- PATH...]\n"
	"       bisectfs plan --simulate --bad REV --good REV... --culprit REV [OPTION...] REPO\n"
	"       bisectfs triage [--report] [--guilty] [--json] [OPTION...] [FILE...]\n"
	"       bisectfs fsck STATE\n"
	"       bisectfs --help | --version\n"
	"\n"
	"Finds the commit that broke (or fixed) a kernel, and shows the search as a file system.\n"
	"\n"
	"  mount     show the bisections of the git repository REPO at MOUNTPOINT\n"
	"  plan      print which commits a bisection would test, without building anything;\n"
	"            with --simulate also how long that would take\n"
	"  triage    name the kernel crash in each log; see bisectfs triage --help\n"
	"  fsck      check a state directory that is not mounted; changes nothing\n"
	"\n"
	"options of mount:\n"
	"  -f                stay in the foreground, log to stderr\n"
	"  -o OPT,...        options of the file system; also profile=, state=, log=, log-level=\n"
	"  --profile FILE    defaults of this mount, JSON\n"
	"  --state DIR       where bisections are kept (default $XDG_STATE_HOME/bisectfs/REPO-ID)\n"
	"  --log WHERE       stderr (the default; STATE/daemon.log without -f) or syslog\n"
	"  --log-level LEVEL error, warning, info (the default) or debug\n"
	"\n"
	"options of plan --simulate:\n"
	"  --builders N --vms N                  kernels built and guests run at once (1, 10)\n"
	"  --build-time S --test-time S          seconds a build and a run take (600, 60)\n"
	"  --test build --object-time S          search what does not compile; seconds for one "
	"object (5)\n"
	"  --crash-time S                        ... until a crash shows, on average (0: at the "
	"end)\n"
	"  --reproducibility P --noise P         chance of the bug where it is (1), of another "
	"crash (0)\n"
	"  --metric-noise P --metric-change P    runs give numbers: their scatter, what the "
	"culprit "
	"costs (%)\n"
	"  --metric-shape WORD                   how they scatter: normal, heavy (tails), skewed\n"
	"  --runs R --confidence C               the settings of these names\n"
	"  --seed K --times N                    of chance; how many simulations, seeds K, K+1, "
	"...\n"
	"  --no-ahead --no-certify               without work ahead, without the certificate\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage. See bisectfs(1).\n";

/* libvirt's driver forks from a daemon with threads and allocates before it execs, which glibc's
 * malloc survives and GLib's slice allocator (until 2.76) does not: a guest would hang before it
 * began, once in a long while. GLib reads the variable before main, so it takes a second start. */
static void avoid_slices(char **argv)
{
	char path[PATH_MAX];
	if (getenv("G_SLICE") || setenv("G_SLICE", "always-malloc", 1) != 0)
		return;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	execv(path, argv);
}

static int mount_command(int argc, char **argv, char **all)
{
	avoid_slices(all);
	return cmd_mount(argc, argv);
}

/* `bisectfs plan --help` as well as `bisectfs --help plan`; what follows "--" are paths. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		fputs(usage, stderr);
		return 2;
	}
	const char *word = argv[1];
	if (asks_for_help(argc, argv)) {
		fputs(usage, stdout);
		return 0;
	}
	if (strcmp(word, "--version") == 0) {
		printf("bisectfs %s\n", BISECTFS_VERSION);
		return 0;
	}
	if (strcmp(word, "mount") == 0)
		return mount_command(argc - 1, argv + 1, argv);
	if (strcmp(word, "plan") == 0)
		return cmd_plan(argc - 1, argv + 1);
	if (strcmp(word, "fsck") == 0)
		return cmd_fsck(argc - 1, argv + 1);
	if (word[0] == '-' || argc < 3)
		return complain(2, "unknown command '%s': see bisectfs --help", word);
	return mount_command(argc, argv, argv); /* as mount(8) calls it */
}

LAZY_FUNCTION int commands_run(int argc, char **argv)
{
	repo_library_start();
	int status = run(argc, argv);
	repo_library_stop();
	return status;
}
