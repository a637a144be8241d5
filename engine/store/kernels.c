/*
 * A table of what is in STATE/kernels, made when the store is opened; the directories are the only
 * thing that lasts. A build writes into KEY.part. Its result comes last, and the rename to KEY is
 * what makes it known: whatever a killed daemon left under another name, or without a result, is
 * deleted.
 *
 * Steps have the files under names of their own (hard links), so bytes are free when the last name
 * is gone: each set of files is counted as long as the store or any step has it. What a step has is
 * not deleted here, since nothing would become free by it.
 */
#include "kernels.h"

#include "kernel_result.h"
#include "state_dir.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SUFFIX ".part"

static const char *const files[] = { "kernel", "vmlinux", "modules.tar", "config", "build.log" };
#define STEP_FILES 3 /* of those: what a step has until its verdict; the others stay with it */

/* One kernel's files, under all the names that they have. */
struct kernel_files {
	guint64 bytes;
	int names; /* the store's, and one for each step */
};

struct kernels {
	char *state;	   /* NULL: nothing on disk */
	GHashTable *known; /* key -> struct kernel * */
	GHashTable *steps; /* directory of a step -> struct kernel_files * */
	guint64 limit, bytes, largest, tick;
};

static void kernel_free(void *p)
{
	struct kernel *one = p;
	g_free(one->key);
	g_free(one->compiler);
	g_free(one->signature);
	g_free(one->reason);
	g_strfreev(one->errors);
	g_free(one->object);
	g_free(one->matched);
	g_free(one);
}

char *kernels_part(const char *state, const char *key)
{
	return g_strdup_printf("%s/kernels/%s" PART_SUFFIX, state, key);
}

char *kernels_file(const char *state, const char *key, const char *name)
{
	return g_build_filename(state, "kernels", key, name, NULL);
}

/* ---- the result, on disk ---- */

static guint64 bytes_of(const char *dir)
{
	guint64 bytes = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(dir, files[i], NULL);
		struct stat st;
		if (stat(path, &st) == 0)
			bytes += (guint64)st.st_blocks * 512;
	}
	return bytes;
}

static struct kernel *read_result(const char *dir, const char *key)
{
	struct kernel *one = kernel_result_read(dir, key);
	if (one) {
		one->bytes = bytes_of(dir);
		one->given = true;
	}
	return one;
}

/* ---- the files of a kernel, and how many bytes all of them have ---- */

static struct kernel_files *files_new(struct kernels *k, guint64 bytes)
{
	struct kernel_files *f = g_new0(struct kernel_files, 1);
	f->bytes = bytes;
	f->names = 1;
	k->bytes += bytes;
	k->largest = MAX(k->largest, bytes);
	return f;
}

static void files_release(struct kernels *k, struct kernel_files *f)
{
	if (--f->names)
		return;
	k->bytes -= f->bytes;
	g_free(f);
}

static bool is_held(const struct kernel *one)
{
	return one->files->names > 1;
}

static void note_step(struct kernels *k, const char *step, struct kernel_files *f)
{
	g_hash_table_insert(k->steps, g_strdup(step), f);
}

static void forget_step(struct kernels *k, const char *step)
{
	struct kernel_files *f = g_hash_table_lookup(k->steps, step);
	if (!f)
		return;
	g_hash_table_remove(k->steps, step);
	files_release(k, f);
}

/* ---- what there is ---- */

static void insert(struct kernels *k, struct kernel *one)
{
	const struct kernel *old = g_hash_table_lookup(k->known, one->key);
	if (old)
		files_release(k, old->files);
	one->files = files_new(k, one->bytes);
	one->used = ++k->tick;
	g_hash_table_replace(k->known, one->key, one);
}

static int by_made(gconstpointer a, gconstpointer b)
{
	const struct kernel *x = *(struct kernel *const *)a, *y = *(struct kernel *const *)b;
	return x->made < y->made ? -1 : x->made > y->made;
}

static void load(struct kernels *k)
{
	g_autofree char *top = g_build_filename(k->state, "kernels", NULL);
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	GDir *d = g_dir_open(top, 0, NULL);
	const char *name;
	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *dir = g_build_filename(top, name, NULL);
		struct kernel *one =
			g_str_has_suffix(name, PART_SUFFIX) ? NULL : read_result(dir, name);
		if (one)
			g_ptr_array_add(found, one);
		else
			file_remove_tree(dir, NULL);
	}
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(found, by_made);
	for (guint i = 0; i < found->len; i++)
		insert(k, g_ptr_array_index(found, i));
}

struct kernels *kernels_open(const char *state, guint64 limit)
{
	struct kernels *k = g_new0(struct kernels, 1);
	k->state = g_strdup(state);
	k->limit = limit;
	k->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kernel_free);
	k->steps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (state)
		load(k);
	return k;
}

void kernels_close(struct kernels *k)
{
	GHashTableIter it;
	gpointer p;
	if (!k)
		return;
	g_hash_table_iter_init(&it, k->steps);
	while (g_hash_table_iter_next(&it, NULL, &p))
		files_release(k, p);
	g_hash_table_iter_init(&it, k->known);
	while (g_hash_table_iter_next(&it, NULL, &p))
		files_release(k, ((struct kernel *)p)->files);
	g_hash_table_unref(k->steps);
	g_hash_table_unref(k->known);
	g_free(k->state);
	g_free(k);
}

const struct kernel *kernels_find(struct kernels *k, const char *key)
{
	struct kernel *one = g_hash_table_lookup(k->known, key);
	if (one)
		one->used = ++k->tick;
	return one;
}

guint64 kernels_bytes(const struct kernels *k)
{
	return k->bytes;
}

/* ---- taking out ---- */

void kernels_forget(struct kernels *k, const char *key)
{
	const struct kernel *one = g_hash_table_lookup(k->known, key);
	if (!one)
		return;
	if (k->state) {
		g_autofree char *dir = g_build_filename(k->state, "kernels", key, NULL);
		file_remove_tree(dir, NULL);
	}
	files_release(k, one->files);
	g_hash_table_remove(k->known, key);
}

/* Of those whose bytes it would free; `but` (may be NULL) is another one. */
static const struct kernel *least_used(const struct kernels *k, const struct kernel *but)
{
	const struct kernel *least = NULL;
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, k->known);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct kernel *one = p;
		if (one != but && !is_held(one) && (!least || one->used < least->used))
			least = one;
	}
	return least;
}

static void shrink(struct kernels *k, guint64 limit, const struct kernel *but)
{
	while (k->bytes > limit) {
		const struct kernel *least = least_used(k, but);
		if (!least)
			return;
		g_autofree char *key = g_strdup(least->key);
		kernels_forget(k, key);
	}
}

void kernels_shrink(struct kernels *k, guint64 limit)
{
	shrink(k, limit, NULL);
}

void kernels_keep_limit(struct kernels *k)
{
	shrink(k, k->limit, NULL);
}

bool kernels_have_room(const struct kernels *k, int more)
{
	guint64 waiting = 0;
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, k->known);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct kernel *one = p;
		waiting += is_held(one) || (one->ahead && !one->given) ? one->bytes : 0;
	}
	return waiting + k->largest * (guint64)more <= k->limit;
}

/* ---- putting in ---- */

/* What the worker left becomes known by its name, whatever happens next. */
static err_t take_over(struct kernels *k, struct kernel *one, struct error *error)
{
	g_autofree char *part = kernels_part(k->state, one->key);
	g_autofree char *dir = g_build_filename(k->state, "kernels", one->key, NULL);
	kernels_forget(k, one->key);
	err_t err = file_remove_tree(dir, error);
	if (!err)
		err = kernel_result_write(part, one, error); /* syncs the names beside it */
	if (!err && rename(part, dir) != 0)
		err = file_error(error, part, "rename");
	if (!err)
		err = file_sync_dir_of(dir, error);
	one->bytes = bytes_of(dir);
	return err;
}

err_t kernels_add(struct kernels *k, const struct kernel *made, struct error *error)
{
	struct kernel *one = g_new0(struct kernel, 1);
	*one = (struct kernel){ .key = g_strdup(made->key),
				.compiler = g_strdup(made->compiler ? made->compiler : ""),
				.signature = g_strdup(made->signature),
				.reason = g_strdup(made->reason),
				.errors = g_strdupv(made->errors),
				.object = g_strdup(made->object),
				.matched = g_strdup(made->matched),
				.alone = made->alone,
				.no_tree = made->no_tree,
				.build_ns = made->build_ns,
				.made = made->made,
				.ahead = made->ahead };
	err_t err = k->state ? take_over(k, one, error) : 0;
	if (err) {
		kernel_free(one);
		return err;
	}
	insert(k, one);
	shrink(k, k->limit, one); /* whoever waits for it gets it first */
	return 0;
}

/* ---- what steps have ---- */

static err_t give(const char *from, const char *to, struct error *error)
{
	if (unlink(to) != 0 && errno != ENOENT)
		return file_error(error, to, "replace");
	if (link(from, to) != 0)
		return error_set(error, errno, "cannot link %s to %s: %s", from, to,
				 g_strerror(errno));
	return 0;
}

/* Only the kernel itself has to be there. */
static err_t give_files(const struct kernels *k, const struct kernel *one, const char *step,
			gsize count, struct error *error)
{
	err_t err = 0;
	for (gsize i = 0; !err && i < count; i++) {
		g_autofree char *from = kernels_file(k->state, one->key, files[i]);
		g_autofree char *to = g_build_filename(step, files[i], NULL);
		err = give(from, to, error);
		if (err == -ENOENT && !(one->signature && strcmp(files[i], "kernel") == 0))
			err = 0;
	}
	return err;
}

/* The names in the directory, its own, and that of the directory of all steps. */
static err_t sync_names(const char *step, struct error *error)
{
	g_autofree char *within = g_build_filename(step, "kernel", NULL);
	g_autofree char *steps = g_path_get_dirname(step);
	err_t err = file_sync_dir_of(within, error);
	if (!err)
		err = file_sync_dir_of(step, error);
	return err ? err : file_sync_dir_of(steps, error);
}

static err_t give_to(struct kernels *k, const char *key, const char *step, gsize count,
		     struct error *error)
{
	struct kernel *one = g_hash_table_lookup(k->known, key);
	if (!k->state)
		return 0;
	if (!one)
		return error_set(error, ENOENT, "there is no kernel %s", key);
	err_t err = file_mkdir(step, error);
	if (err)
		return err;
	forget_step(k, step);
	one->files->names++;
	note_step(k, step, one->files);
	err = give_files(k, one, step, count, error);
	return err ? err : sync_names(step, error);
}

err_t kernels_give(struct kernels *k, const char *key, const char *step, struct error *error)
{
	return give_to(k, key, step, G_N_ELEMENTS(files), error);
}

err_t kernels_give_again(struct kernels *k, const char *key, const char *step, struct error *error)
{
	return give_to(k, key, step, STEP_FILES, error);
}

bool kernels_step_has(const char *step)
{
	g_autofree char *kernel = g_build_filename(step, "kernel", NULL);
	return file_exists(kernel);
}

void kernels_take(struct kernels *k, const char *step)
{
	if (!g_hash_table_contains(k->steps, step))
		return;
	for (gsize i = 0; i < STEP_FILES; i++) {
		g_autofree char *path = g_build_filename(step, files[i], NULL);
		unlink(path);
	}
	forget_step(k, step);
	shrink(k, k->limit, NULL);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The stored one whose kernel this is; NULL: the store has it no more. */
static const struct kernel *find_file(const struct kernels *k, const char *kernel)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, k->known);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct kernel *one = p;
		g_autofree char *stored = kernels_file(k->state, one->key, "kernel");
		if (same_file(stored, kernel))
			return one;
	}
	return NULL;
}

void kernels_found(struct kernels *k, const char *step)
{
	g_autofree char *kernel = g_build_filename(step, "kernel", NULL);
	g_autofree char *vmlinux = g_build_filename(step, "vmlinux", NULL);
	if (!file_exists(kernel) && !file_exists(vmlinux))
		return;
	forget_step(k, step);
	const struct kernel *one = find_file(k, kernel);
	if (one)
		one->files->names++;
	note_step(k, step, one ? one->files : files_new(k, bytes_of(step)));
}

bool kernels_given(struct kernels *k, const char *key)
{
	struct kernel *one = g_hash_table_lookup(k->known, key);
	bool before = one && one->given;
	if (one)
		one->given = true;
	return before;
}

err_t kernels_sync(const char *part, struct error *error)
{
	static const char *const tested[] = { "kernel", "modules.tar" };
	err_t err = 0;
	for (gsize i = 0; !err && i < G_N_ELEMENTS(tested); i++) {
		g_autofree char *path = g_build_filename(part, tested[i], NULL);
		err = file_sync(path, error);
	}
	return err;
}

void kernels_show_log(const char *state, const char *key, const char *bisection, int step)
{
	g_autofree char *part = kernels_part(state, key);
	g_autofree char *from = g_build_filename(part, "build.log", NULL);
	g_autofree char *dir = state_dir_step(state, bisection, step);
	g_autofree char *to = g_build_filename(dir, "build.log", NULL);
	if (!file_exists(from) || file_mkdir(dir, NULL) != 0)
		return; /* not begun: the worker shows it as soon as it has */
	unlink(to);
	if (link(from, to) != 0)
		daemon_log(DAEMON_LOG_WARNING, bisection, "%s: %s", to, g_strerror(errno));
}
