/*
 * The page that a user meets first: MOUNT/README, with the commands to type.
 */
#include "render.h"

void render_readme(const char *mountpoint, GString *out)
{
	g_string_append_printf(
		out,
		"bisectfs: which commit broke (or fixed) this kernel?\n"
		"\n"
		"Once, the defaults of what you are going to search:\n"
		"    cd %s\n"
		"    cp my-reproducer new/settings/reproducer   # ELF, script with #!, or C "
		"source\n"
		"    cp my-config new/settings/config           # .config, or '# fragment of "
		"TARGET'\n"
		"\n"
		"Start, with a commit that crashes (and a good one, if you know one):\n"
		"    echo BAD GOOD > new/start\n"
		"\n"
		"Watch, in whatever way you like:\n"
		"    cat status                  # all bisections at a glance\n"
		"    tail -f last/log            # the story so far\n"
		"    tail -f last/steps/0/runs/0.log\n"
		"    cat last/wait               # returns with the verdict\n"
		"    inotifywait -m -r last\n"
		"\n"
		"The answer:\n"
		"    cat last/verdict last/culprit last/report/commit last/report/crash\n"
		"\n"
		"What broke need not be a crash under a reproducer: new/settings/test takes run,\n"
		"boot, build or manual (you boot last/steps/N/kernel, then echo good, bad or skip\n"
		"> last/control); new/settings/metric a number.\n"
		"\n"
		"On the way:\n"
		"    echo pause > last/control   # resume, abort, good REV, bad REV, skip REV, "
		"retest N\n"
		"    cat last_error              # why an operation of yours was refused\n"
		"\n"
		"To prepare one before it starts: mkdir NAME, write into NAME/settings, then\n"
		"    echo BAD GOOD > NAME/start\n"
		"and rmdir NAME removes a finished one with all its data.\n"
		"\n"
		"    echo minimize > last/control  # after the end: which options of the config "
		"does the bug need?\n"
		"    echo inside > last/control    # after --first-parent found a merge: search "
		"its "
		"side too\n"
		"    cat events                  # one line of JSON for each change, from now on\n"
		"\n"
		"The command is described in bisectfs(1), each file here in docs/files.md.\n",
		mountpoint);
}
