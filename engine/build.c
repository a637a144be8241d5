#include "build.h"

#include "cage.h"
#include "digest.h"
#include "maintainers.h"
#include "signature.h"
#include "slot.h"
#include "spawn.h"
#include "store.h"

#include "bisectfs/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct build {
	const struct build_request *rq;
	struct slot *slot;
	struct build_result *result;
	int log;
	char *obj, *conf;
	char *excess;  /* which limit it went over; NULL: none */
	GString *took; /* where the time went */
	gint64 since;  /* monotonic us: when the present part began */
	GStrv words;   /* of the setting `make` */
	GStrv env;
};

void build_result_clear(struct build_result *r)
{
	g_free(r->compiler);
	g_free(r->signature);
	g_free(r->reason);
	*r = (struct build_result){ 0 };
}

/* ---- running commands ---- */

static void note(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct build *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vdprintf(b->log, fmt, ap);
	va_end(ap);
}

static void end_part(struct build *b, const char *part)
{
	gint64 now = g_get_monotonic_time();
	g_string_append_printf(b->took, "%s%s %.1f s", b->took->len ? ", " : "", part,
			       (double)(now - b->since) / G_USEC_PER_SEC);
	b->since = now;
}

static bool setting_has(const struct build *b, const char *variable)
{
	for (char **w = b->words; *w; w++) {
		if (g_str_has_prefix(*w, variable))
			return true;
	}
	return false;
}

static void add_all(GPtrArray *argv, char *const *words)
{
	for (; words && *words; words++)
		g_ptr_array_add(argv, g_strdup(*words));
}

static bool have_program(const char *name)
{
	g_autofree char *path = g_find_program_in_path(name);
	return path != NULL;
}

static gpointer find_ccache_dir(gpointer arg)
{
	char *argv[] = { "ccache", "--get-config=cache_dir", NULL };
	char *text = NULL;
	int status = -1;
	(void)arg;
	if (spawn_capture(argv, NULL, 4096, &text, &status, NULL) != 0 || status != 0 ||
	    !g_path_is_absolute(g_strstrip(text)) || store_mkdir(text, NULL) != 0)
		g_clear_pointer(&text, g_free);
	return text;
}

/* Shared by all slots, so each may write there. NULL: there is none. */
static const char *ccache_dir(void)
{
	static GOnce once = G_ONCE_INIT;
	return g_once(&once, find_ccache_dir, NULL);
}

/* The source is read-only; what a build writes goes into its own directories. */
static void add_cage(const struct build *b, GPtrArray *argv)
{
	const char *own = b->rq->program ? b->rq->program : b->rq->cc;
	g_autofree char *programs = own && g_path_is_absolute(own) ? g_path_get_dirname(own) : NULL;
	const char *cache = b->rq->ccache && have_program("ccache") ? ccache_dir() : NULL;
	const char *readable[] = { b->rq->slot, programs, NULL };
	const char *writable[] = { b->obj, b->rq->program ? cache : b->conf,
				   b->rq->program ? NULL : cache, NULL };
	if (b->rq->confine.caged)
		cage_add(argv, readable, writable);
}

/* What comes before every build command. */
static void add_launcher(const struct build *b, GPtrArray *argv)
{
	if (b->rq->low_priority)
		add_all(argv, (char *[]){ "nice", "-n", "10", NULL });
	add_all(argv, b->rq->launcher);
	add_cage(b, argv);
}

/* make -C SRC O=OBJ -jN LOCALVERSION= ... TARGET */
static GStrv make_command(const struct build *b, const char *obj, const char *target)
{
	GPtrArray *argv = g_ptr_array_new();
	add_launcher(b, argv);
	g_ptr_array_add(argv, g_strdup("make"));
	g_ptr_array_add(argv, g_strdup("-C"));
	g_ptr_array_add(argv, g_strdup(slot_src(b->slot)));
	g_ptr_array_add(argv, g_strdup_printf("O=%s", obj));
	g_ptr_array_add(argv, g_strdup_printf("-j%d", b->rq->jobs));
	g_ptr_array_add(argv, g_strdup("LOCALVERSION="));
	const char *through = b->rq->ccache && have_program("ccache") ? "ccache " : "";
	if (b->rq->cc) {
		g_ptr_array_add(argv, g_strdup_printf("CC=%s%s", through, b->rq->cc));
	} else if (*through && !setting_has(b, "CC=")) {
		g_autofree char *cross = NULL;
		for (char **w = b->words; *w; w++) {
			if (g_str_has_prefix(*w, "CROSS_COMPILE="))
				cross = g_strdup(*w + strlen("CROSS_COMPILE="));
		}
		bool llvm = setting_has(b, "LLVM=");
		g_ptr_array_add(argv,
				llvm ? g_strdup("CC=ccache clang")
				     : g_strdup_printf("CC=ccache %sgcc", cross ? cross : ""));
	}
	for (char **w = b->words; *w; w++) { /* the setting `compilers` is the more special one */
		if (!b->rq->cc || !g_str_has_prefix(*w, "CC="))
			g_ptr_array_add(argv, g_strdup(*w));
	}
	g_ptr_array_add(argv, g_strdup(target));
	g_ptr_array_add(argv, NULL);
	return (GStrv)g_ptr_array_free(argv, FALSE);
}

/* Kernels of one source must be equal byte for byte, whoever builds them, when and where. */
static GStrv build_environment(const char *slot)
{
	static const char *const fixed[][2] = {
		{ "KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970" },
		{ "KBUILD_BUILD_USER", "bisectfs" },
		{ "KBUILD_BUILD_HOST", "bisectfs" },
		{ "KBUILD_BUILD_VERSION", "1" },
		{ "SOURCE_DATE_EPOCH", "0" },
		{ "CCACHE_NOHASHDIR", "1" },
		{ "CCACHE_DEPEND", "1" }, /* a miss costs no preprocessor run of its own */
		{ "LC_ALL", "C" },
	};
	static const char *const dropped[] = {
		"MAKEFLAGS", "MAKELEVEL", "MFLAGS",  "ARCH",	      "CROSS_COMPILE", "LLVM",
		"KCFLAGS",   "O",	  "GIT_DIR", "GIT_WORK_TREE", "KCONFIG_CONFIG"
	};
	GStrv env = g_get_environ();
	for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
		env = g_environ_setenv(env, fixed[i][0], fixed[i][1], TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(dropped); i++)
		env = g_environ_unsetenv(env, dropped[i]);
	return g_environ_setenv(env, "CCACHE_BASEDIR", slot, TRUE);
}

/* A cage that could not be made says so in its first words: that is not the commit's fault. */
static err_t check_cage(const struct build *b, off_t begun, struct error *error)
{
	char words[300] = "";
	g_autofree char *path = g_build_filename(b->rq->dir, "build.log", NULL);
	int fd = b->rq->confine.caged ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (pread(fd, words, sizeof(words) - 1, begun) < 0)
		words[0] = '\0';
	close(fd);
	words[strcspn(words, "\n")] = '\0';
	if (!g_str_has_prefix(words, "bwrap: "))
		return 0;
	return error_set(error, EPERM, "the build cannot be isolated: %s", words);
}

static err_t run_logged(struct build *b, char *const *argv, int *status, struct error *error)
{
	g_autofree char *line = g_strjoinv(" ", (char **)argv);
	note(b, "$ %s\n", line);
	struct spawn sp = { .argv = argv,
			    .env = b->env,
			    .output = b->log,
			    .limits = b->rq->confine.limits,
			    .cancel = b->rq->cancel,
			    .tick = b->rq->tick,
			    .arg = b->rq->arg };
	struct error why;
	off_t begun = lseek(b->log, 0, SEEK_END);
	err_t err = spawn_run(&sp, status, &why);
	if (err == -ETIMEDOUT || err == -EDOM) { /* the tree's fault: this commit does not build */
		note(b, "\nerror: the build was stopped: %s\n", why.text);
		g_free(b->excess);
		b->excess = g_strdup_printf("the build was stopped: %s", why.text);
		err = 0;
		*status = 1;
	}
	if (!err && *status != 0)
		err = check_cage(b, begun, &why);
	if (b->rq->tick)
		b->rq->tick(b->rq->arg);
	if (err && error)
		*error = why;
	return err;
}

/* ---- why a build failed ---- */

static bool is_error_line(const char *line)
{
	return strstr(line, "error: ") || strstr(line, "Error ") || strstr(line, "*** ") ||
	       strstr(line, "undefined reference") || strstr(line, "rror:");
}

/* The first error of the compiler; failing that, the last line. */
static char *first_error(const char *log)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents(log, &text, NULL, NULL))
		return g_strdup("the build failed");
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	const char *last = "the build failed";
	for (char **l = lines; *l; l++) {
		g_strchug(*l);
		if (!**l || g_str_has_prefix(*l, "$ "))
			continue;
		if (is_error_line(*l))
			return g_strndup(*l, 300);
		last = *l;
	}
	return g_strndup(last, 300);
}

static err_t broken(struct build *b, struct error *error)
{
	g_autofree char *log = g_build_filename(b->rq->dir, "build.log", NULL);
	g_autofree char *text = NULL;
	gsize len = 0;
	bool full = g_file_get_contents(log, &text, &len, NULL) && strstr(text, g_strerror(ENOSPC));
	if (full)
		return error_set(error, ENOSPC, "no room left in %s while building", b->rq->slot);
	b->result->broken = true;
	b->result->reason = b->excess ? g_steal_pointer(&b->excess) : first_error(log);
	/* the tree's own directory says nothing to a reader */
	g_auto(GStrv) parts = g_strsplit(b->result->reason, slot_src(b->slot), -1);
	g_free(b->result->reason);
	b->result->reason = g_strjoinv("", parts);
	if (b->result->reason[0] == '/')
		memmove(b->result->reason, b->result->reason + 1, strlen(b->result->reason));
	return 0;
}

/* ---- configuration ---- */

static err_t make_target(struct build *b, const char *obj, const char *target, bool *ok,
			 struct error *error)
{
	g_auto(GStrv) argv = make_command(b, obj, target);
	int status = -1;
	err_t err = run_logged(b, argv, &status, error);
	*ok = !err && status == 0;
	return err;
}

static err_t append_file(const char *path, const char *text, struct error *error)
{
	g_autofree char *old = NULL;
	gsize len = 0;
	g_file_get_contents(path, &old, &len, NULL);
	g_autofree char *all = g_strconcat(old ? old : "", "\n", text, "\n", NULL);
	return store_write(path, all, strlen(all), 0644, error);
}

/* Puts the wanted .config into the directory `conf`. */
static err_t prepare_config(struct build *b, const char *config, bool *ok, struct error *error)
{
	g_autofree char *dot = g_build_filename(b->conf, ".config", NULL);
	*ok = true;
	if (!*config)
		return make_target(b, b->conf, "defconfig", ok, error);
	if (!g_str_has_prefix(config, SETTING_FRAGMENT_MARK))
		return store_write(dot, config, strlen(config), 0644, error);
	const char *target = config + strlen(SETTING_FRAGMENT_MARK);
	g_autofree char *name = g_strstrip(g_strndup(target, strcspn(target, "\n")));
	err_t err = make_target(b, b->conf, name, ok, error);
	if (!err && *ok)
		err = append_file(dot, config, error);
	return err;
}

/* `make oldconfig` asks on its input; an empty line takes what is offered. */
static err_t answer_oldconfig(struct build *b, bool *ok, struct error *error)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) command = make_command(b, b->conf, "oldconfig");
	int status = -1;
	add_all(argv, (char *[]){ "sh", "-c", "yes '' | \"$@\"", "sh", NULL });
	add_all(argv, command);
	g_ptr_array_add(argv, NULL);
	err_t err = run_logged(b, (char **)argv->pdata, &status, error);
	*ok = !err && status == 0;
	g_ptr_array_unref(argv);
	return err;
}

/* Trees before 3.7 have no olddefconfig: oldnoconfig was its name; before 2.6.36 there is neither.
 */
static err_t complete_config(struct build *b, bool *ok, struct error *error)
{
	err_t err = make_target(b, b->conf, "olddefconfig", ok, error);
	if (!err && !*ok)
		err = make_target(b, b->conf, "oldnoconfig", ok, error);
	if (!err && !*ok)
		err = answer_oldconfig(b, ok, error);
	return err;
}

/* What the configuration in `obj` was made from: the commit, then a digest of all that is not in
 * the tree. Where nothing of that has changed it needs not be made again, which takes seconds. */
static char *configuration_key(const struct build *b, const char *config)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	digest_text(sum, config);
	digest_list(sum, b->words);
	digest_text(sum, b->result->compiler);
	return g_strdup(g_checksum_get_string(sum));
}

static bool is_configured(struct build *b, const char *stamp, const char *head, const char *key)
{
	g_autofree char *used = g_build_filename(b->obj, ".config", NULL);
	g_autofree char *text = NULL;
	if (!head || !store_exists(used) || !g_file_get_contents(stamp, &text, NULL, NULL))
		return false;
	g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", 2);
	return words[0] && words[1] && strcmp(words[1], key) == 0 &&
	       slot_same_kconfig(b->slot, words[0], head);
}

/* The configuration is made aside and moved in only when it differs: an untouched .config keeps
 * its time, and make does not look at every Kconfig again. */
static err_t make_configuration(struct build *b, const char *config, bool *ok, struct error *error)
{
	err_t err = prepare_config(b, config, ok, error);
	if (!err && *ok)
		err = complete_config(b, ok, error);
	if (err || !*ok)
		return err;
	g_autofree char *made = g_build_filename(b->conf, ".config", NULL);
	g_autofree char *used = g_build_filename(b->obj, ".config", NULL);
	g_autofree char *new = NULL;
	g_autofree char *old = NULL;
	if (!g_file_get_contents(made, &new, NULL, NULL))
		return error_set(error, EIO, "cannot read %s", made);
	g_file_get_contents(used, &old, NULL, NULL);
	if (!old || strcmp(old, new) != 0)
		err = store_write(used, new, strlen(new), 0644, error);
	return err;
}

static err_t show_configuration(struct build *b, struct error *error)
{
	g_autofree char *used = g_build_filename(b->obj, ".config", NULL);
	g_autofree char *saved = g_build_filename(b->rq->dir, "config", NULL);
	g_autofree char *text = NULL;
	if (!g_file_get_contents(used, &text, NULL, NULL))
		return error_set(error, EIO, "cannot read %s", used);
	return store_write(saved, text, strlen(text), 0644, error);
}

static err_t configure(struct build *b, bool *ok, struct error *error)
{
	g_autofree char *config = NULL;
	g_autofree char *stamp = g_build_filename(b->conf, "stamp", NULL);
	g_autofree char *head = slot_head(b->slot);
	if (b->rq->config)
		g_file_get_contents(b->rq->config, &config, NULL, NULL);
	g_autofree char *key = configuration_key(b, config ? config : "");
	err_t err = store_mkdir(b->conf, error);
	if (!err)
		err = store_mkdir(b->obj, error);
	if (err)
		return err;
	*ok = true;
	if (is_configured(b, stamp, head, key)) {
		note(b, "the configuration is that of the last build\n");
	} else {
		unlink(stamp);
		err = make_configuration(b, config ? config : "", ok, error);
		if (err || !*ok)
			return err;
	}
	g_autofree char *text = g_strdup_printf("%s %s\n", head ? head : "?", key);
	err = store_write(stamp, text, strlen(text), 0644, error);
	return err ? err : show_configuration(b, error);
}

/* ---- results ---- */

static err_t copy_kernel(const char *from, const char *to, struct error *error)
{
	g_autofree char *temporary = g_strdup_printf("%s.tmp", to);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat st;
	err_t err = in < 0 || out < 0 || fstat(in, &st) != 0 ? -errno : 0;
	for (off_t done = 0; !err && done < st.st_size;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)(st.st_size - done), 0);
		if (n <= 0)
			err = n < 0 ? -errno : -EIO;
		else
			done += n;
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (!err && rename(temporary, to) != 0)
		err = -errno;
	if (err) {
		unlink(temporary);
		return error_set(error, -err, "cannot copy %s to %s: %s", from, to,
				 g_strerror(-err));
	}
	return 0;
}

static char *first_line_of(const char *command, const char *option)
{
	g_auto(GStrv) argv = NULL;
	g_autofree char *line = g_strdup_printf("%s %s", command, option);
	if (!g_shell_parse_argv(line, NULL, &argv, NULL))
		return g_strdup("");
	char *text = NULL;
	int status;
	if (spawn_capture(argv, NULL, 4096, &text, &status, NULL) != 0 || status != 0) {
		g_free(text);
		return g_strdup("");
	}
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static char *word_value(const struct build *b, const char *variable)
{
	for (char **w = b->words; *w; w++) {
		if (g_str_has_prefix(*w, variable))
			return g_strdup(*w + strlen(variable));
	}
	return g_strdup("");
}

static char *compiler_of(const struct build *b)
{
	g_autofree char *cross = word_value(b, "CROSS_COMPILE=");
	g_autofree char *cc = word_value(b, "CC=");
	bool llvm = setting_has(b, "LLVM=");
	g_autofree char *gcc = g_strdup_printf("%sgcc", cross);
	g_autofree char *ld = llvm ? g_strdup("ld.lld") : g_strdup_printf("%sld", cross);
	const char *name = b->rq->cc ? b->rq->cc : *cc ? cc : llvm ? "clang" : gcc;
	g_autofree char *compiler = first_line_of(name, "--version");
	g_autofree char *linker = first_line_of(ld, "--version");
	return g_strdup_printf("%s, %s", compiler, linker);
}

static err_t sign(struct build *b, const char *vmlinux, const char *kernel, struct error *error)
{
	char hex[SIGNATURE_HEX + 1];
	err_t err = signature_of(store_exists(vmlinux) ? vmlinux : kernel, hex, error);
	if (!err)
		b->result->signature = g_strdup(hex);
	return err;
}

/* For the reports of its crashes. make writes a new file each time, so a second name of this one is
 * enough; without debug information it is of no use, and none of this is worth a failed build. */
static void keep_vmlinux(struct build *b, const char *vmlinux)
{
	g_autofree char *to = g_build_filename(b->rq->dir, "vmlinux", NULL);
	unlink(to);
	if (signature_has_debug(vmlinux) && link(vmlinux, to) != 0)
		note(b, "reports will lack source positions: %s: %s\n", to, g_strerror(errno));
}

static err_t collect(struct build *b, const char *kernel, const char *vmlinux, struct error *error)
{
	g_autofree char *to = g_build_filename(b->rq->dir, "kernel", NULL);
	err_t err = copy_kernel(kernel, to, error);
	if (!err)
		keep_vmlinux(b, vmlinux);
	return err ? err : sign(b, vmlinux, kernel, error);
}

/* Path of the bootable image below the object directory, as kbuild itself names it. */
static char *image_name(struct build *b)
{
	g_autofree char *o = g_strdup_printf("O=%s", b->obj);
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	add_cage(b, argv);
	add_all(argv, (char *[]){ "make", "-s", "-C", (char *)slot_src(b->slot), o, NULL });
	add_all(argv, b->words);
	g_ptr_array_add(argv, g_strdup("image_name"));
	g_ptr_array_add(argv, NULL);
	char *text = NULL, *name = NULL;
	int status;
	if (spawn_capture((char **)argv->pdata, NULL, 65536, &text, &status, NULL) == 0 &&
	    status == 0) {
		g_strchomp(text);
		const char *nl = strrchr(text, '\n');
		name = g_strdup(nl ? nl + 1 : text);
	}
	g_free(text);
	g_ptr_array_unref(argv);
	/* trees before 2.6.31 do not know the question */
	if (!name || !*name || strchr(name, ' ')) {
		g_free(name);
		name = g_strdup("arch/x86/boot/bzImage");
	}
	return name;
}

static err_t build_kernel(struct build *b, struct error *error)
{
	bool ok = false;
	b->result->compiler = compiler_of(b);
	err_t err = configure(b, &ok, error);
	end_part(b, "configuration");
	if (err || !ok)
		return err ? err : broken(b, error);
	g_autofree char *image = image_name(b);
	g_autofree char *target = g_path_get_basename(image);
	err = make_target(b, b->obj, target, &ok, error);
	end_part(b, "make");
	if (err || !ok)
		return err ? err : broken(b, error);
	g_autofree char *kernel = g_build_filename(b->obj, image, NULL);
	g_autofree char *vmlinux = g_build_filename(b->obj, "vmlinux", NULL);
	err = collect(b, kernel, vmlinux, error);
	end_part(b, "signature");
	return err;
}

/* ---- the user's own build program ---- */

static err_t build_other(struct build *b, struct error *error)
{
	g_autofree char *kernel = g_build_filename(b->obj, "kernel", NULL);
	g_autofree char *vmlinux = g_build_filename(b->obj, "vmlinux", NULL);
	g_autofree char *jobs = g_strdup_printf("%d", b->rq->jobs);
	err_t err = store_mkdir(b->obj, error);
	if (err)
		return err;
	unlink(kernel); /* one of an earlier commit must not pass for this one's */
	unlink(vmlinux);
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	add_launcher(b, argv);
	add_all(argv, (char *[]){ (char *)b->rq->program, (char *)slot_src(b->slot), b->obj, jobs,
				  NULL });
	g_ptr_array_add(argv, NULL);
	int status = -1;
	b->result->compiler = g_strdup("the setting 'build'");
	err = run_logged(b, (char **)argv->pdata, &status, error);
	g_ptr_array_unref(argv);
	if (err || status != 0)
		return err ? err : broken(b, error);
	if (!store_exists(kernel)) {
		note(b, "error: the build program left no OUTDIR/kernel\n");
		return broken(b, error);
	}
	return collect(b, kernel, vmlinux, error);
}

static err_t open_log(struct build *b, struct error *error)
{
	g_autofree char *path = g_build_filename(b->rq->dir, "build.log", NULL);
	err_t err = store_mkdir(b->rq->dir, error);
	if (err)
		return err;
	b->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (b->log < 0)
		return error_set(error, errno, "cannot write %s: %s", path, g_strerror(errno));
	return 0;
}

static err_t parse_words(struct build *b, struct error *error)
{
	GError *why = NULL;
	if (!b->rq->make || !*b->rq->make) {
		b->words = g_new0(char *, 1);
	} else if (!g_shell_parse_argv(b->rq->make, NULL, &b->words, &why)) {
		err_t err = error_set(error, EINVAL, "setting make: %s", why->message);
		g_error_free(why);
		return err;
	}
	return 0;
}

static err_t checkout(struct build *b, struct error *error)
{
	g_autoptr(GString) notes = g_string_new(NULL);
	char *conflict;
	err_t err = slot_checkout(b->slot, b->rq->commit, b->rq->patches, &conflict, notes, error);
	if (notes->len)
		note(b, "%s", notes->str);
	if (!err && conflict) {
		b->result->broken = true;
		b->result->reason = conflict;
	}
	return err;
}

static err_t kbuild(void *gitdir, const struct build_request *rq, struct build_result *result,
		    struct error *error)
{
	struct build b = { .rq = rq, .result = result, .log = -1 };
	b.took = g_string_new(NULL);
	b.since = g_get_monotonic_time();
	*result = (struct build_result){ 0 };
	b.obj = g_build_filename(rq->slot, rq->program ? "out" : "obj", NULL);
	b.conf = g_build_filename(rq->slot, "conf", NULL);
	b.env = build_environment(rq->slot);
	err_t err = parse_words(&b, error);
	if (!err)
		err = open_log(&b, error);
	if (!err)
		err = slot_open(gitdir, rq->slot, &b.slot, error);
	if (!err)
		err = checkout(&b, error);
	end_part(&b, "checkout");
	if (!err && cancel_asked(rq->cancel))
		err = error_set(error, ECANCELED, "stopped");
	if (!err && !result->broken)
		err = rq->program ? build_other(&b, error) : build_kernel(&b, error);
	if (b.log >= 0) {
		note(&b, "took: %s\n", b.took->str);
		close(b.log);
	}
	g_string_free(b.took, TRUE);
	slot_free(b.slot);
	g_strfreev(b.words);
	g_strfreev(b.env);
	g_free(b.obj);
	g_free(b.conf);
	g_free(b.excess);
	if (err)
		build_result_clear(result);
	return err;
}

static err_t kbuild_maintainers(void *gitdir, const char *slot, const char *commit,
				const struct confinement *confine, struct cancel *cancel,
				char ***list, struct error *error)
{
	return maintainers_ask(gitdir, slot, commit, confine->caged, cancel, list, error);
}

struct builder kbuild_builder(const char *gitdir)
{
	return (struct builder){ .self = (void *)gitdir,
				 .build = kbuild,
				 .maintainers = kbuild_maintainers };
}
