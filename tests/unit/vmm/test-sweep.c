/* What a killed daemon left on this machine. For QEMU stands a shell with the words of one as its
 * arguments. */
#include "vmm/qemu_process.h"
#include "vmm/short_path.h"
#include "vmm/sweep.h"

#include "engine/base/file.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/s/libvirt"

static const struct {
	const char *name, *words; /* separated by spaces */
	bool ours;
} lines[] = {
	{ "probe", "qemu -S -machine none -pidfile " ROOT "/lib/qemu/qmp-aB/qmp.pid -daemonize",
	  true },
	{ "guest",
	  "qemu -name guest=bisectfs-1-0,debug-threads=on -object "
	  "{\"file\":\"" ROOT "/lib/qemu/domain-1-x/master-key.aes\"}",
	  true },
	{ "guest-old-option", "qemu -name guest=x -object secret,file=" ROOT "/lib/qemu/key",
	  true },
	{ "guest-monitor", "qemu -name guest=x -chardev socket,path=" ROOT "/lib/m,server=on",
	  true },
	{ "another-root", "qemu -pidfile " ROOT "-1/lib/qemu/qmp-aB/qmp.pid", false },
	{ "root-below-another", "qemu -pidfile /x" ROOT "/lib/qemu/qmp-aB/qmp.pid", false },
	{ "another-guest", "qemu -name guest=x -object secret,file=/y" ROOT "/lib/qemu/key",
	  false },
	{ "root-alone", "qemu -name guest=x -drive file=" ROOT, false },
	{ "reader", "tail -f " ROOT "/log/qemu/bisectfs-1-0.log", false },
	{ "finder", "grep -r guest= " ROOT "/lib -name", false },
	{ "daemon", "bisectfs mount --state /s /repo /mnt", false },
	{ "option-last", "qemu -pidfile", false },
	{ "nothing", "", false },
};

static void test_lines(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *line = g_strdup(lines[i].words);
		gsize len = *line ? strlen(line) + 1 : 0;
		g_strdelimit(line, " ", '\0');
		if (qemu_process_is_of(line, len, ROOT) != lines[i].ours)
			g_error("%s", lines[i].name);
	}
	g_assert_false(qemu_process_is_of("no zero", 7, ROOT));
}

/* `program`: a shell, by whatever name. */
static pid_t start(const char *program, const char *word, const char *value)
{
	char *argv[] = { (char *)program,
			 (char *)"-c",
			 (char *)"sleep 1000 & wait; :",
			 (char *)"qemu",
			 (char *)word,
			 (char *)value,
			 NULL };
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		execvp(argv[0], argv);
		_exit(127);
	}
	setpgid(pid, pid);
	return pid;
}

static void stop(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void wait_for_exec(pid_t pid, const char *program)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
	for (int i = 0; i < 10000; i++) {
		g_autofree char *name = NULL;
		g_file_get_contents(path, &name, NULL, NULL);
		if (name && strcmp(name, program) == 0)
			return;
		g_usleep(1000);
	}
	g_assert_not_reached();
}

static char *new_file(const char *dir, const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	g_mkdir_with_parents(parent, 0755);
	g_file_set_contents(path, text, -1, NULL);
	return path;
}

static void assert_gone(char *path)
{
	if (file_exists(path))
		g_error("%s is there", path);
	g_free(path);
}

static void assert_there(char *path)
{
	if (!file_exists(path))
		g_error("%s is gone", path);
	g_free(path);
}

/* A probe is ended, with its pid file and before it has one; whoever got its number is not. */
static void test_processes(void)
{
	g_autofree char *state = g_dir_make_tmp("sweep-XXXXXX", NULL);
	g_autofree char *file =
		g_build_filename(state, "libvirt/lib/qemu/qmp-AAAAAA/qmp.pid", NULL);
	g_autofree char *other =
		g_build_filename(state, "libvirt-1/lib/qemu/qmp-BBBBBB/qmp.pid", NULL);
	g_autofree char *root = g_build_filename(state, "libvirt-1", NULL);
	g_autofree char *qemu = g_build_filename(state, "qemu-x", NULL);
	g_mkdir(root, 0755);
	g_assert_cmpint(symlink("/bin/sh", qemu), ==, 0);
	pid_t probe = start("sh", "-pidfile", file), early = start(qemu, "-pidfile", other),
	      foreign = start(qemu, "-f", file);
	wait_for_exec(probe, "sh");
	wait_for_exec(early, qemu);
	wait_for_exec(foreign, qemu);
	g_autofree char *of_probe = g_strdup_printf("%d\n", (int)probe);
	g_autofree char *of_foreign = g_strdup_printf("%d\n", (int)foreign);
	char *pid_file = new_file(state, "libvirt/lib/qemu/qmp-AAAAAA/qmp.pid", of_probe);
	g_free(new_file(state, "libvirt/lib/qemu/qmp-CCCCCC/qmp.pid", of_foreign));
	sweep_state(state);
	int status;
	g_assert_cmpint(waitpid(probe, &status, WNOHANG), ==, probe);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	g_assert_cmpint(waitpid(early, NULL, WNOHANG), ==, early);
	g_assert_cmpint(waitpid(foreign, NULL, WNOHANG), ==, 0);
	assert_gone(pid_file);
	kill(-probe, SIGKILL);
	kill(-early, SIGKILL);
	stop(foreign);
	file_remove_tree(state, NULL);
}

/* A guest's command line has the state directory's short name. */
static void test_short_name(void)
{
	g_autofree char *dir = g_dir_make_tmp("sp-XXXXXX", NULL);
	g_autofree char *state = g_build_filename(dir, "state", NULL);
	g_autofree char *root = g_build_filename(state, "libvirt", NULL);
	g_autofree char *qemu = g_build_filename(state, "qemu-x", NULL);
	char *path = NULL;
	g_mkdir_with_parents(root, 0755);
	g_assert_cmpint(symlink("/bin/sh", qemu), ==, 0);
	g_setenv("XDG_RUNTIME_DIR", dir, TRUE);
	g_assert_cmpint(short_path_make(state, &path, NULL), ==, 0);
	g_autofree char *file = g_build_filename(path, "libvirt/lib/qemu/qmp-A/qmp.pid", NULL);
	pid_t probe = start(qemu, "-pidfile", file);
	wait_for_exec(probe, qemu);
	sweep_state(state);
	g_assert_cmpint(waitpid(probe, NULL, WNOHANG), ==, probe);
	kill(-probe, SIGKILL);
	g_free(path);
	file_remove_tree(dir, NULL);
}

static void test_files(void)
{
	g_autofree char *state = g_dir_make_tmp("sweep-XXXXXX", NULL);
	static const char *const swept[] = { "libvirt/log/qemu/bisectfs-1-0.log",
					     "libvirt/run/qemu/bisectfs-1-0.pid",
					     "libvirt/lib/qemu/save/x",
					     "libvirt/lib/qemu/dump/x",
					     "libvirt/lib/qemu/nvram/x_VARS.fd",
					     "libvirt/lib/qemu/channel/target/d/x",
					     "libvirt-3/log/qemu/x.log",
					     "vm-7.sock",
					     "vm-7.cpio" };
	static const char *const kept[] = { "libvirt/cache/qemu/capabilities/x.xml",
					    "libvirt/volumes-id", "b/x/journal", "libvirt.txt" };
	char *gone[G_N_ELEMENTS(swept)], *there[G_N_ELEMENTS(kept)];
	for (gsize i = 0; i < G_N_ELEMENTS(swept); i++)
		gone[i] = new_file(state, swept[i], "");
	for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
		there[i] = new_file(state, kept[i], "");
	sweep_state(state);
	for (gsize i = 0; i < G_N_ELEMENTS(swept); i++)
		assert_gone(gone[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
		assert_there(there[i]);
	file_remove_tree(state, NULL);
}

static void test_domain(void)
{
	g_autofree char *root = g_dir_make_tmp("sweep-XXXXXX", NULL);
	char *log = new_file(root, "log/qemu/bisectfs-1-1.log", "");
	char *nvram = new_file(root, "lib/qemu/nvram/bisectfs-1-1_VARS.fd", "");
	char *next = new_file(root, "log/qemu/bisectfs-1-12.log", "");
	sweep_domain(root, "bisectfs-1-1");
	assert_gone(log);
	assert_gone(nvram);
	assert_there(next);
	file_remove_tree(root, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sweep/command-lines", test_lines);
	g_test_add_func("/sweep/processes", test_processes);
	g_test_add_func("/sweep/short-name", test_short_name);
	g_test_add_func("/sweep/files", test_files);
	g_test_add_func("/sweep/domain", test_domain);
	return g_test_run();
}
