#include "kernels.h"

#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SUFFIX ".part"

static const char *const files[] = { "kernel", "vmlinux", "config", "build.log" };

struct kernels {
	char *state;	   /* NULL: nothing on disk */
	GHashTable *known; /* key -> struct kernel * */
	guint64 limit, bytes, tick;
};

static void kernel_free(void *p)
{
	struct kernel *one = p;
	g_free(one->key);
	g_free(one->compiler);
	g_free(one->signature);
	g_free(one->reason);
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

static err_t write_result(const char *dir, const struct kernel *one, struct error *error)
{
	g_autofree char *path = g_build_filename(dir, "result", NULL);
	/* a compiler says what it likes; JSON takes UTF-8 alone */
	g_autofree char *compiler = g_utf8_make_valid(one->compiler, -1);
	g_autofree char *reason = one->reason ? g_utf8_make_valid(one->reason, -1) : NULL;
	json_t *json = json_pack("{s:s, s:s*, s:s*, s:I, s:I}", "compiler", compiler, "signature",
				 one->signature, "reason", reason, "build_ns",
				 (json_int_t)one->build_ns, "made", (json_int_t)one->made);
	char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (!text)
		return error_set(error, EINVAL, "the result of a build has no JSON form");
	err_t err = file_write(path, text, strlen(text), 0644, error);
	free(text);
	return err;
}

static struct kernel *read_result(const char *dir, const char *key)
{
	g_autofree char *path = g_build_filename(dir, "result", NULL);
	json_t *json = json_load_file(path, 0, NULL);
	const char *compiler = "", *signature = NULL, *reason = NULL;
	json_int_t build_ns = 0, made = 0;
	struct kernel *one = NULL;
	if (json &&
	    json_unpack(json, "{s:s, s?s, s?s, s:I, s:I}", "compiler", &compiler, "signature",
			&signature, "reason", &reason, "build_ns", &build_ns, "made", &made) == 0 &&
	    (signature || reason)) {
		one = g_new0(struct kernel, 1);
		one->key = g_strdup(key);
		one->compiler = g_strdup(compiler);
		one->signature = g_strdup(signature);
		one->reason = g_strdup(reason);
		one->build_ns = build_ns;
		one->made = made;
		one->bytes = bytes_of(dir);
		one->given = true;
	}
	json_decref(json);
	return one;
}

static void insert(struct kernels *k, struct kernel *one)
{
	const struct kernel *old = g_hash_table_lookup(k->known, one->key);
	if (old)
		k->bytes -= old->bytes;
	k->bytes += one->bytes;
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
	if (state)
		load(k);
	kernels_shrink(k, limit);
	return k;
}

void kernels_close(struct kernels *k)
{
	if (!k)
		return;
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

void kernels_forget(struct kernels *k, const char *key)
{
	const struct kernel *one = g_hash_table_lookup(k->known, key);
	if (!one)
		return;
	if (k->state) {
		g_autofree char *dir = g_build_filename(k->state, "kernels", key, NULL);
		file_remove_tree(dir, NULL);
	}
	k->bytes -= one->bytes;
	g_hash_table_remove(k->known, key);
}

void kernels_shrink(struct kernels *k, guint64 limit)
{
	while (k->bytes > limit) {
		const struct kernel *oldest = NULL;
		GHashTableIter it;
		gpointer p;
		g_hash_table_iter_init(&it, k->known);
		while (g_hash_table_iter_next(&it, NULL, &p)) {
			const struct kernel *one = p;
			if (!oldest || one->used < oldest->used)
				oldest = one;
		}
		if (!oldest)
			return;
		g_autofree char *key = g_strdup(oldest->key);
		kernels_forget(k, key);
	}
}

err_t kernels_add(struct kernels *k, const struct kernel *made, struct error *error)
{
	struct kernel *one = g_new0(struct kernel, 1);
	err_t err = 0;
	*one = (struct kernel){ .key = g_strdup(made->key),
				.compiler = g_strdup(made->compiler ? made->compiler : ""),
				.signature = g_strdup(made->signature),
				.reason = g_strdup(made->reason),
				.build_ns = made->build_ns,
				.made = made->made,
				.ahead = made->ahead };
	if (k->state) {
		g_autofree char *part = kernels_part(k->state, one->key);
		g_autofree char *dir = g_build_filename(k->state, "kernels", one->key, NULL);
		kernels_forget(k, one->key);
		err = file_remove_tree(dir, error);
		if (!err)
			err = write_result(part, one, error);
		if (!err && rename(part, dir) != 0)
			err = error_set(error, errno, "cannot rename %s: %s", part,
					g_strerror(errno));
		one->bytes = bytes_of(dir);
	}
	if (err) {
		kernel_free(one);
		return err;
	}
	insert(k, one);
	if (one->bytes <= k->limit)
		kernels_shrink(k, k->limit);
	return 0;
}

static err_t give(const char *from, const char *to, struct error *error)
{
	if (unlink(to) != 0 && errno != ENOENT)
		return error_set(error, errno, "cannot replace %s: %s", to, g_strerror(errno));
	if (link(from, to) != 0 && errno != ENOENT)
		return error_set(error, errno, "cannot link %s to %s: %s", from, to,
				 g_strerror(errno));
	return 0;
}

err_t kernels_give(struct kernels *k, const char *key, const char *step, struct error *error)
{
	err_t err = k->state ? file_mkdir(step, error) : 0;
	for (gsize i = 0; k->state && !err && i < G_N_ELEMENTS(files); i++) {
		g_autofree char *from = kernels_file(k->state, key, files[i]);
		g_autofree char *to = g_build_filename(step, files[i], NULL);
		err = give(from, to, error);
	}
	return err;
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
	g_autofree char *path = g_build_filename(part, "kernel", NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : error_set(error, errno, "cannot open %s: %s", path,
						   g_strerror(errno));
	err_t err = fsync(fd) == 0 ? 0
				   : error_set(error, errno, "cannot sync %s: %s", path,
					       g_strerror(errno));
	close(fd);
	return err;
}
