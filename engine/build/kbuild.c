#include "kbuild.h"

#include "command.h"
#include "engine/base/digest.h"
#include "maintainers.h"
#include "signature.h"
#include "slot.h"
#include "engine/base/spawn.h"
#include "engine/base/file.h"

#include "bisectfs/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void build_result_clear(struct build_result *r)
{
	g_free(r->compiler);
	g_free(r->signature);
	g_free(r->reason);
	*r = (struct build_result){ 0 };
}

/* ---- configuration ---- */

static err_t make_target(struct build *b, const char *obj, const char *target, bool *ok,
			 struct error *error)
{
	g_auto(GStrv) argv = build_make_command(b, obj, target);
	int status = -1;
	err_t err = build_run(b, argv, &status, error);
	*ok = !err && status == 0;
	return err;
}

/* Programs of the tree write in these directories: what lies there may be anything. */
#define CONFIG_LIMIT ((gsize)16 << 20)

static char *read_config(const char *dir)
{
	gsize len;
	return file_read_below(dir, ".config", CONFIG_LIMIT, &len);
}

static err_t append_config(const char *dir, const char *text, struct error *error)
{
	g_autofree char *path = g_build_filename(dir, ".config", NULL);
	g_autofree char *old = read_config(dir);
	g_autofree char *all = g_strconcat(old ? old : "", "\n", text, "\n", NULL);
	return file_write(path, all, strlen(all), 0644, error);
}

/* Puts the wanted .config into the directory `conf`. */
static err_t prepare_config(struct build *b, const char *config, bool *ok, struct error *error)
{
	g_autofree char *dot = g_build_filename(b->conf, ".config", NULL);
	*ok = true;
	if (!*config)
		return make_target(b, b->conf, "defconfig", ok, error);
	if (!g_str_has_prefix(config, SETTING_FRAGMENT_MARK))
		return file_write(dot, config, strlen(config), 0644, error);
	const char *target = config + strlen(SETTING_FRAGMENT_MARK);
	g_autofree char *name = g_strstrip(g_strndup(target, strcspn(target, "\n")));
	err_t err = make_target(b, b->conf, name, ok, error);
	if (!err && *ok)
		err = append_config(b->conf, config, error);
	return err;
}

/* `make oldconfig` asks on its input; an empty line takes what is offered. */
static err_t answer_oldconfig(struct build *b, bool *ok, struct error *error)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) command = build_make_command(b, b->conf, "oldconfig");
	int status = -1;
	build_add_words(argv, (char *[]){ "sh", "-c", "yes '' | \"$@\"", "sh", NULL });
	build_add_words(argv, command);
	g_ptr_array_add(argv, NULL);
	err_t err = build_run(b, (char **)argv->pdata, &status, error);
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

static bool is_configured(struct build *b, const char *head, const char *key)
{
	g_autofree char *used = read_config(b->obj);
	gsize len;
	g_autofree char *text = file_read_below(b->conf, "stamp", CONFIG_LIMIT, &len);
	if (!head || !used || !text)
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
	g_autofree char *used = g_build_filename(b->obj, ".config", NULL);
	g_autofree char *new = read_config(b->conf);
	g_autofree char *old = read_config(b->obj);
	if (!new) {
		build_note(b, "error: no .config was made\n");
		*ok = false;
		return 0;
	}
	if (!old || strcmp(old, new) != 0)
		err = file_write(used, new, strlen(new), 0644, error);
	return err;
}

static err_t show_configuration(struct build *b, struct error *error)
{
	g_autofree char *saved = g_build_filename(b->rq->dir, "config", NULL);
	g_autofree char *text = read_config(b->obj);
	if (!text)
		return error_set(error, EIO, "%s: the .config is gone", b->obj);
	return file_write(saved, text, strlen(text), 0644, error);
}

static err_t configure(struct build *b, bool *ok, struct error *error)
{
	g_autofree char *config = NULL;
	g_autofree char *stamp = g_build_filename(b->conf, "stamp", NULL);
	g_autofree char *head = slot_head(b->slot);
	if (b->rq->config)
		g_file_get_contents(b->rq->config, &config, NULL, NULL);
	g_autofree char *key = configuration_key(b, config ? config : "");
	err_t err = 0;
	*ok = true;
	if (is_configured(b, head, key)) {
		build_note(b, "the configuration is that of the last build\n");
	} else {
		unlink(stamp);
		err = make_configuration(b, config ? config : "", ok, error);
		if (err || !*ok)
			return err;
	}
	g_autofree char *text = g_strdup_printf("%s %s\n", head ? head : "?", key);
	err = file_write(stamp, text, strlen(text), 0644, error);
	return err ? err : show_configuration(b, error);
}

/* ---- results ---- */

static err_t copy_kernel(int in, off_t size, const char *to, struct error *error)
{
	g_autofree char *temporary = g_strdup_printf("%s.tmp", to);
	int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err_t err = out < 0 ? -errno : 0;
	for (off_t done = 0; !err && done < size;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)(size - done), 0);
		if (n <= 0)
			err = n < 0 ? -errno : -EIO;
		else
			done += n;
	}
	if (out >= 0)
		close(out);
	if (!err && rename(temporary, to) != 0)
		err = -errno;
	if (err) {
		unlink(temporary);
		return error_set(error, -err, "cannot copy the kernel to %s: %s", to,
				 g_strerror(-err));
	}
	return 0;
}

/* What a program says on stdout and stderr; NULL: it fails. The user names compilers, so they run
 * in the cage too. */
static char *answer_of(const struct build *b, char *const *words, const char *last)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	build_add_cage(b, argv);
	build_add_words(argv, words);
	g_ptr_array_add(argv, g_strdup(last));
	g_ptr_array_add(argv, NULL);
	char *text = NULL;
	int status;
	struct spawn sp = { .argv = (char **)argv->pdata,
			    .env = b->env,
			    .limits = b->rq->confine.limits,
			    .cancel = b->rq->cancel };
	if (spawn_capture(&sp, 65536, &text, &status, NULL) != 0 || status != 0)
		g_clear_pointer(&text, g_free);
	return text;
}

static char *version_of(const struct build *b, const char *command)
{
	g_auto(GStrv) words = NULL;
	if (!g_shell_parse_argv(command, NULL, &words, NULL))
		return g_strdup("");
	char *text = answer_of(b, words, "--version");
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text ? text : g_strdup("");
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
	bool llvm = build_has_word(b, "LLVM=");
	g_autofree char *gcc = g_strdup_printf("%sgcc", cross);
	g_autofree char *ld = llvm ? g_strdup("ld.lld") : g_strdup_printf("%sld", cross);
	const char *name = b->rq->cc ? b->rq->cc : *cc ? cc : llvm ? "clang" : gcc;
	g_autofree char *compiler = version_of(b, name);
	g_autofree char *linker = version_of(b, ld);
	return g_strdup_printf("%s, %s", compiler, linker);
}

static char *opened_path(int fd)
{
	return g_strdup_printf("/proc/self/fd/%d", fd);
}

/* For the reports of its crashes. make writes a new file each time, so a second name of this one is
 * enough; without debug information it is of no use, and none of this is worth a failed build. */
static void keep_vmlinux(struct build *b, const char *vmlinux)
{
	g_autofree char *to = g_build_filename(b->rq->dir, "vmlinux", NULL);
	unlink(to);
	if (signature_has_debug(vmlinux) &&
	    linkat(AT_FDCWD, vmlinux, AT_FDCWD, to, AT_SYMLINK_FOLLOW) != 0)
		build_note(b, "reports will lack source positions: %s: %s\n", to,
			   g_strerror(errno));
}

static err_t sign(struct build *b, const char *file, struct error *error)
{
	char hex[SIGNATURE_HEX + 1];
	err_t err = signature_of(file, hex, error);
	if (!err)
		b->result->signature = g_strdup(hex);
	return err;
}

#define KERNEL_LIMIT ((off_t)2 << 30) /* no boot loader takes more */
#define VMLINUX_LIMIT \
	((off_t)16 << 30) /* with all options and debug information it has some 4 GiB */

/* -1: there is none, or one that cannot be a kernel. */
static int open_vmlinux(struct build *b)
{
	int fd = file_open_below(b->obj, "vmlinux");
	struct stat st;
	if (fd < 0 || (fstat(fd, &st) == 0 && st.st_size <= VMLINUX_LIMIT))
		return fd;
	build_note(b, "vmlinux: too large for a kernel\n");
	close(fd);
	return -1;
}

static err_t take_kernel(struct build *b, int kernel, off_t size, struct error *error)
{
	g_autofree char *to = g_build_filename(b->rq->dir, "kernel", NULL);
	int vmlinux = open_vmlinux(b);
	g_autofree char *with_names = vmlinux >= 0 ? opened_path(vmlinux) : NULL;
	g_autofree char *image = opened_path(kernel);
	if (vmlinux >= 0 && build_is_others(b) && /* it is mapped: nobody may cut it off then */
	    (fchown(vmlinux, geteuid(), getegid()) != 0 || fchmod(vmlinux, 0644) != 0))
		build_note(b, "vmlinux: %s\n", g_strerror(errno));
	err_t err = copy_kernel(kernel, size, to, error);
	if (!err && with_names)
		keep_vmlinux(b, with_names);
	if (!err)
		err = sign(b, with_names ? with_names : image, error);
	if (vmlinux >= 0)
		close(vmlinux);
	return err;
}

/* `image`: path below the object directory. */
static err_t collect(struct build *b, const char *image, struct error *error)
{
	int kernel = file_open_below(b->obj, image);
	struct stat st = { 0 };
	err_t err;
	if (kernel < 0 || fstat(kernel, &st) != 0 || st.st_size > KERNEL_LIMIT) {
		build_note(b, "error: %s/%s: %s\n",
			   b->rq->program ? "the build program left no OUTDIR" : "make left no O",
			   image, kernel < 0 ? g_strerror(errno) : "too large for a kernel");
		err = build_broken(b, error);
	} else {
		err = take_kernel(b, kernel, st.st_size, error);
	}
	if (kernel >= 0)
		close(kernel);
	return err;
}

/* Path of the bootable image below the object directory, as kbuild itself names it. */
static char *image_name(struct build *b)
{
	g_autofree char *o = g_strdup_printf("O=%s", b->obj);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	build_add_words(words,
			(char *[]){ "make", "-s", "-C", (char *)slot_src(b->slot), o, NULL });
	build_add_words(words, b->words);
	g_ptr_array_add(words, NULL);
	g_autofree char *text = answer_of(b, (char **)words->pdata, "image_name");
	char *name = NULL;
	if (text) {
		g_strchomp(text);
		const char *nl = strrchr(text, '\n');
		name = g_strdup(nl ? nl + 1 : text);
	}
	/* trees before 2.6.31 do not know the question */
	if (!name || !*name || strchr(name, ' ')) {
		g_free(name);
		name = g_strdup("arch/x86/boot/bzImage");
	}
	return name;
}

/* What a tree of an earlier build has left in place of a configuration is no start for this one. */
static err_t make_directory(const struct build *b, const char *dir, struct error *error)
{
	g_autofree char *config = g_build_filename(dir, ".config", NULL);
	struct stat st;
	err_t err = 0;
	if (lstat(config, &st) == 0 && !S_ISREG(st.st_mode))
		err = file_remove_tree(dir, error);
	return err ? err : build_mkdir(b, dir, error);
}

static err_t build_kernel(struct build *b, struct error *error)
{
	bool ok = false;
	err_t err = make_directory(b, b->conf, error);
	if (!err)
		err = make_directory(b, b->obj, error);
	if (err)
		return err;
	b->result->compiler = compiler_of(b);
	err = configure(b, &ok, error);
	build_end_part(b, "configuration");
	if (err || !ok)
		return err ? err : build_broken(b, error);
	g_autofree char *image = image_name(b);
	g_autofree char *target = g_path_get_basename(image);
	err = make_target(b, b->obj, target, &ok, error);
	build_end_part(b, "make");
	if (err || !ok)
		return err ? err : build_broken(b, error);
	err = collect(b, image, error);
	build_end_part(b, "signature");
	return err;
}

/* ---- the user's own build program ---- */

static err_t build_other(struct build *b, struct error *error)
{
	g_autofree char *kernel = g_build_filename(b->obj, "kernel", NULL);
	g_autofree char *vmlinux = g_build_filename(b->obj, "vmlinux", NULL);
	g_autofree char *jobs = g_strdup_printf("%d", b->rq->jobs);
	err_t err = build_mkdir(b, b->obj, error);
	if (err)
		return err;
	unlink(kernel); /* one of an earlier commit must not pass for this one's */
	unlink(vmlinux);
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	build_add_launcher(b, argv);
	build_add_words(argv, (char *[]){ (char *)b->rq->program, (char *)slot_src(b->slot), b->obj,
					  jobs, NULL });
	g_ptr_array_add(argv, NULL);
	int status = -1;
	b->result->compiler = g_strdup("the setting 'build'");
	err = build_run(b, (char **)argv->pdata, &status, error);
	g_ptr_array_unref(argv);
	if (err || status != 0)
		return err ? err : build_broken(b, error);
	return collect(b, "kernel", error);
}

static err_t open_log(struct build *b, struct error *error)
{
	g_autofree char *path = g_build_filename(b->rq->dir, "build.log", NULL);
	err_t err = file_mkdir(b->rq->dir, error);
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
		build_note(b, "%s", notes->str);
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
	b.env = build_environment(rq);
	build_watch_space(&b);
	err_t err = parse_words(&b, error);
	if (!err && rq->ccache_dir)
		err = build_mkdir(&b, rq->ccache_dir, error);
	if (!err)
		err = open_log(&b, error);
	if (!err)
		err = slot_open(gitdir, rq->slot, &b.slot, error);
	if (!err)
		err = checkout(&b, error);
	build_end_part(&b, "checkout");
	if (!err && cancel_asked(rq->cancel))
		err = error_set(error, ECANCELED, "stopped");
	if (!err && !result->broken)
		err = rq->program ? build_other(&b, error) : build_kernel(&b, error);
	if (b.log >= 0) {
		build_note(&b, "took: %s\n", b.took->str);
		close(b.log);
	}
	g_string_free(b.took, TRUE);
	slot_free(b.slot);
	g_strfreev(b.words);
	g_strfreev(b.env);
	g_free(b.obj);
	g_free(b.conf);
	g_free(b.excess);
	space_clear(&b.space);
	if (err)
		build_result_clear(result);
	return err;
}

static err_t kbuild_maintainers(void *gitdir, const char *slot, const char *commit,
				const struct confinement *confine, struct cancel *cancel,
				char ***list, struct error *error)
{
	return maintainers_ask(gitdir, slot, commit, confine, cancel, list, error);
}

struct builder kbuild_builder(const char *gitdir)
{
	return (struct builder){ .self = (void *)gitdir,
				 .build = kbuild,
				 .maintainers = kbuild_maintainers };
}
