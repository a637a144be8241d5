/*
 * A volume is named KIND-ID-SHA256 (kernel or initrd; the state directory; the content), a
 * console's console-ID-NUMBER. One that is there already may be half of an upload that was cut
 * short, so only those that this process has finished are used again: all others of the same id are
 * deleted before the first upload. Files are read twice, in pieces: for the name, then to be sent.
 */
#include "ship.h"

#include "engine/base/file.h"
#include "virt_error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POOL "bisectfs"
#define POOL_DIR "/var/tmp/bisectfs-guests"
#define KERNELS_KEPT 4
#define PIECE ((gsize)256 << 10)
#define ID_HEX 16

struct ship {
	char *root;
	char id[ID_HEX + 1]; /* empty until the first turn */
	GMutex lock;	     /* of `busy` */
	GCond idle;
	bool busy; /* a thread has its turn: the next two are that thread's */
	bool swept;
	GQueue kernels; /* char *: paths there, the latest first */
};

/* qemu+ssh://user@box/system names a machine; qemu:///system and qemu+unix:///... do not. */
bool ship_is_needed(const char *uri)
{
	const char *host = strstr(uri, "://");
	return host && host[3] && host[3] != '/' && host[3] != '?';
}

struct ship *ship_new(const char *root)
{
	struct ship *s = g_new0(struct ship, 1);
	s->root = g_strdup(root);
	g_mutex_init(&s->lock);
	g_cond_init(&s->idle);
	return s;
}

void ship_free(struct ship *s, virConnectPtr conn)
{
	char *remote;
	while ((remote = g_queue_pop_head(&s->kernels))) {
		if (conn)
			ship_remove(conn, remote);
		g_free(remote);
	}
	g_mutex_clear(&s->lock);
	g_cond_clear(&s->idle);
	g_free(s->root);
	g_free(s);
}

/* Uploads take long: whoever waits for one must not hold a lock, nor may who makes it. */
static void take_turn(struct ship *s)
{
	g_mutex_lock(&s->lock);
	while (s->busy)
		g_cond_wait(&s->idle, &s->lock);
	s->busy = true;
	g_mutex_unlock(&s->lock);
}

static void end_turn(struct ship *s)
{
	g_mutex_lock(&s->lock);
	s->busy = false;
	g_cond_signal(&s->idle);
	g_mutex_unlock(&s->lock);
}

/* ---- names ---- */

static void make_id(struct ship *s)
{
	for (int i = 0; i < ID_HEX; i += 8)
		g_snprintf(s->id + i, 9, "%08x", g_random_int());
}

/* The path of a state directory would not do: two machines may have the same, and one host. */
static void load_id(struct ship *s)
{
	gsize len;
	g_autofree char *path = g_build_filename(s->root, "volumes-id", NULL);
	g_autofree char *text = file_read_head(path, ID_HEX, &len);
	if (text && len == ID_HEX && strspn(text, "0123456789abcdef") == ID_HEX) {
		g_strlcpy(s->id, text, sizeof(s->id));
		return;
	}
	make_id(s);
	if (file_mkdir(s->root, NULL) == 0)
		file_write(path, s->id, ID_HEX, 0600, NULL); /* else: for this process only */
}

static err_t hash_file(int fd, gsize len, char **hash)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree guchar *piece = g_malloc(PIECE);
	for (gsize done = 0; done < len;) {
		ssize_t n = pread(fd, piece, MIN(PIECE, len - done), (off_t)done);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		g_checksum_update(sum, piece, n);
		done += (gsize)n;
	}
	*hash = g_strdup(g_checksum_get_string(sum));
	return 0;
}

/* ---- volumes ---- */

static err_t open_pool(virConnectPtr conn, virStoragePoolPtr *pool, struct error *error)
{
	static const char xml[] = "<pool type='dir'><name>" POOL "</name>"
				  "<target><path>" POOL_DIR "</path></target></pool>";
	*pool = virStoragePoolLookupByName(conn, POOL);
	if (!*pool)
		*pool = virStoragePoolCreateXML(conn, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
	if (!*pool) /* another daemon may have made it in between */
		*pool = virStoragePoolLookupByName(conn, POOL);
	return *pool ? 0 : virt_error(error, EIO, "cannot make a storage pool on the host");
}

static err_t send_file(virStreamPtr stream, int fd, gsize len, struct error *error)
{
	g_autofree char *piece = g_malloc(PIECE);
	for (gsize done = 0; done < len;) {
		ssize_t n = pread(fd, piece, MIN(PIECE, len - done), (off_t)done);
		if (n <= 0)
			return error_set(error, EIO, "the file to be brought changed meanwhile");
		for (ssize_t sent = 0, k; sent < n; sent += k) {
			k = virStreamSend(stream, piece + sent, (size_t)(n - sent));
			if (k < 0)
				return virt_error(error, EIO, "cannot upload to the host");
		}
		done += (gsize)n;
	}
	return 0;
}

static err_t upload(virConnectPtr conn, virStorageVolPtr vol, int fd, gsize len,
		    struct error *error)
{
	virStreamPtr stream = virStreamNew(conn, 0);
	if (!stream)
		return virt_error(error, EIO, "cannot upload to the host");
	err_t err;
	if (virStorageVolUpload(vol, stream, 0, len, 0) != 0) {
		err = virt_error(error, EIO, "cannot upload to the host");
	} else {
		err = send_file(stream, fd, len, error);
		if (err)
			virStreamAbort(stream);
		else if (virStreamFinish(stream) != 0)
			err = virt_error(error, EIO, "cannot upload to the host");
	}
	virStreamFree(stream);
	return err;
}

static virStorageVolPtr make_volume(virStoragePoolPtr pool, const char *name, gsize len)
{
	g_autofree char *xml = g_strdup_printf(
		"<volume><name>%s</name><capacity unit='bytes'>%zu</capacity>"
		"<target><format type='raw'/><permissions><mode>0644</mode></permissions></target>"
		"</volume>",
		name, len);
	return virStorageVolCreateXML(pool, xml, 0);
}

static char *path_of(virStorageVolPtr vol)
{
	char *path = virStorageVolGetPath(vol), *copy = g_strdup(path ? path : "");
	free(path);
	return copy;
}

static err_t fill_volume(virConnectPtr conn, virStoragePoolPtr pool, const char *name, int fd,
			 gsize len, char **remote, struct error *error)
{
	virStorageVolPtr vol = make_volume(pool, name, len);
	if (!vol)
		return virt_error(error, EIO, "cannot make a volume on the host");
	err_t err = upload(conn, vol, fd, len, error);
	if (err)
		virStorageVolDelete(vol, 0); /* half a kernel must not be taken for one */
	else
		*remote = path_of(vol);
	virStorageVolFree(vol);
	return err;
}

/* The path of a volume that we have filled before; another one of its name is deleted. */
static char *reuse_volume(struct ship *s, virStoragePoolPtr pool, const char *name)
{
	virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
	if (!vol)
		return NULL;
	char *path = path_of(vol);
	if (!g_queue_find_custom(&s->kernels, path, (GCompareFunc)strcmp)) {
		virStorageVolDelete(vol, 0);
		g_clear_pointer(&path, g_free);
	}
	virStorageVolFree(vol);
	return path;
}

void ship_remove(virConnectPtr conn, const char *remote)
{
	virStorageVolPtr vol = virStorageVolLookupByPath(conn, remote);
	if (vol) {
		virStorageVolDelete(vol, 0);
		virStorageVolFree(vol);
	}
}

static err_t receive(virStreamPtr stream, gsize most, GString *out, struct error *error)
{
	g_autofree char *piece = g_malloc(PIECE);
	int n = 1;
	while (most && n > 0) {
		n = virStreamRecv(stream, piece, MIN(PIECE, most));
		if (n > 0) {
			g_string_append_len(out, piece, n);
			most -= (gsize)n;
		}
	}
	if (n < 0)
		return virt_error(error, EIO, "cannot read the console's file on the host");
	if (n > 0)
		virStreamAbort(stream); /* there may be more */
	else
		virStreamFinish(stream);
	return 0;
}

err_t ship_read(virConnectPtr conn, const char *remote, int64_t from, gsize most, GString *out,
		struct error *error)
{
	virStorageVolPtr vol = virStorageVolLookupByPath(conn, remote);
	virStreamPtr stream = vol ? virStreamNew(conn, 0) : NULL;
	err_t err;
	if (stream && virStorageVolDownload(vol, stream, (unsigned long long)from, 0, 0) == 0)
		err = receive(stream, most, out, error);
	else
		err = virt_error(error, EIO, "cannot read the console's file on the host");
	if (stream)
		virStreamFree(stream);
	if (vol)
		virStorageVolFree(vol);
	return err;
}

static bool is_ours(const struct ship *s, const char *name)
{
	static const char *const kinds[] = { "kernel-", "initrd-", "console-" };
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (g_str_has_prefix(name, kinds[i]) &&
		    g_str_has_prefix(name + strlen(kinds[i]), s->id))
			return true;
	}
	return false;
}

void ship_sweep(struct ship *s, virConnectPtr conn)
{
	virStoragePoolPtr pool = NULL;
	virStorageVolPtr *volumes = NULL;
	if (!*s->id)
		load_id(s);
	if (open_pool(conn, &pool, NULL) != 0)
		return; /* the upload that follows will say so */
	int n = virStoragePoolListAllVolumes(pool, &volumes, 0);
	for (int i = 0; i < n; i++) {
		const char *name = virStorageVolGetName(volumes[i]);
		if (name && is_ours(s, name))
			virStorageVolDelete(volumes[i], 0);
		virStorageVolFree(volumes[i]);
	}
	free(volumes);
	virStoragePoolFree(pool);
}

/* ---- one file ---- */

/* A volume with the content of `fd`; `shared`: one that is there already will do. */
static err_t bring_fd(struct ship *s, virConnectPtr conn, bool shared, int fd, gsize len,
		      char **remote, struct error *error)
{
	virStoragePoolPtr pool = NULL;
	g_autofree char *hash = NULL;
	err_t err = hash_file(fd, len, &hash);
	if (err)
		return error_set(error, -err, "cannot read what is to be brought: %s",
				 g_strerror(-err));
	err = open_pool(conn, &pool, error);
	if (err)
		return err;
	g_autofree char *name =
		g_strdup_printf("%s-%s-%s", shared ? "kernel" : "initrd", s->id, hash);
	*remote = shared ? reuse_volume(s, pool, name) : NULL;
	if (!*remote)
		err = fill_volume(conn, pool, name, fd, len, remote, error);
	virStoragePoolFree(pool);
	return err;
}

static err_t bring(struct ship *s, virConnectPtr conn, bool shared, const char *path, char **remote,
		   struct error *error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return file_error(error, path, "open");
	err_t err = fstat(fd, &st) != 0	   ? file_error(error, path, "read")
		    : !S_ISREG(st.st_mode) ? error_set(error, EINVAL, "%s is no file", path)
					   : 0;
	if (!err)
		err = bring_fd(s, conn, shared, fd, (gsize)st.st_size, remote, error);
	close(fd);
	return err;
}

static void sweep_once(struct ship *s, virConnectPtr conn)
{
	if (!s->swept)
		ship_sweep(s, conn);
	s->swept = true;
}

/* One too many is deleted there. */
static void note_kernel(struct ship *s, virConnectPtr conn, const char *remote)
{
	GList *l = g_queue_find_custom(&s->kernels, remote, (GCompareFunc)strcmp);
	if (l) {
		g_queue_unlink(&s->kernels, l);
		g_queue_push_head_link(&s->kernels, l);
		return;
	}
	g_queue_push_head(&s->kernels, g_strdup(remote));
	if (s->kernels.length > KERNELS_KEPT) {
		g_autofree char *old = g_queue_pop_tail(&s->kernels);
		ship_remove(conn, old);
	}
}

err_t ship_kernel(struct ship *s, virConnectPtr conn, const char *path, char **remote,
		  struct error *error)
{
	take_turn(s);
	sweep_once(s, conn);
	err_t err = bring(s, conn, true, path, remote, error);
	if (!err)
		note_kernel(s, conn, *remote);
	end_turn(s);
	return err;
}

err_t ship_initrd(struct ship *s, virConnectPtr conn, const char *path, char **remote,
		  struct error *error)
{
	take_turn(s);
	sweep_once(s, conn);
	end_turn(s);
	return bring(s, conn, false, path, remote, error);
}

err_t ship_console(struct ship *s, virConnectPtr conn, int number, char **remote,
		   struct error *error)
{
	virStoragePoolPtr pool = NULL;
	take_turn(s);
	sweep_once(s, conn);
	end_turn(s);
	err_t err = open_pool(conn, &pool, error);
	if (err)
		return err;
	g_autofree char *name = g_strdup_printf("console-%s-%d", s->id, number);
	virStorageVolPtr vol = make_volume(pool, name, 0);
	if (vol) {
		*remote = path_of(vol);
		virStorageVolFree(vol);
	} else {
		err = virt_error(error, EIO, "cannot make a volume on the host");
	}
	virStoragePoolFree(pool);
	return err;
}
