#include "build.h"

#include "build_command.h"
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
		build_note(b, "the configuration is that of the last build\n");
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
	bool llvm = build_has_word(b, "LLVM=");
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
		build_note(b, "reports will lack source positions: %s: %s\n", to,
			   g_strerror(errno));
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
	build_add_cage(b, argv);
	build_add_words(argv, (char *[]){ "make", "-s", "-C", (char *)slot_src(b->slot), o, NULL });
	build_add_words(argv, b->words);
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
	build_end_part(b, "configuration");
	if (err || !ok)
		return err ? err : build_broken(b, error);
	g_autofree char *image = image_name(b);
	g_autofree char *target = g_path_get_basename(image);
	err = make_target(b, b->obj, target, &ok, error);
	build_end_part(b, "make");
	if (err || !ok)
		return err ? err : build_broken(b, error);
	g_autofree char *kernel = g_build_filename(b->obj, image, NULL);
	g_autofree char *vmlinux = g_build_filename(b->obj, "vmlinux", NULL);
	err = collect(b, kernel, vmlinux, error);
	build_end_part(b, "signature");
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
	if (!store_exists(kernel)) {
		build_note(b, "error: the build program left no OUTDIR/kernel\n");
		return build_broken(b, error);
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
	b.env = build_environment(rq->slot);
	err_t err = parse_words(&b, error);
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
