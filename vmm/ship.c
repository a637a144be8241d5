#include "ship.h"

#include "host.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define POOL "bisectfs"
#define POOL_DIR "/var/tmp/bisectfs-guests"

/* qemu+ssh://user@box/system names a machine; qemu:///system and qemu+unix:///... do not. */
bool ship_is_needed(const char *uri)
{
	const char *host = strstr(uri, "://");
	return host && host[3] && host[3] != '/' && host[3] != '?';
}

static err_t open_pool(virConnectPtr conn, virStoragePoolPtr *pool, struct error *error)
{
	static const char xml[] = "<pool type='dir'><name>" POOL "</name>"
				  "<target><path>" POOL_DIR "</path></target></pool>";
	*pool = virStoragePoolLookupByName(conn, POOL);
	if (!*pool)
		*pool = virStoragePoolCreateXML(conn, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
	if (!*pool) /* another run may have made it in between */
		*pool = virStoragePoolLookupByName(conn, POOL);
	return *pool ? 0 : host_error(error, EIO, "cannot make a storage pool on the host");
}

static err_t upload(virConnectPtr conn, virStorageVolPtr vol, const char *data, gsize len,
		    struct error *error)
{
	virStreamPtr stream = virStreamNew(conn, 0);
	err_t err = 0;
	if (!stream || virStorageVolUpload(vol, stream, 0, len, 0) != 0)
		err = host_error(error, EIO, "cannot upload to the host");
	for (gsize done = 0; !err && done < len;) {
		int n = virStreamSend(stream, data + done, MIN(len - done, (gsize)262144));
		if (n < 0)
			err = host_error(error, EIO, "cannot upload to the host");
		else
			done += (gsize)n;
	}
	if (!err && virStreamFinish(stream) != 0)
		err = host_error(error, EIO, "cannot upload to the host");
	else if (err && stream)
		virStreamAbort(stream);
	if (stream)
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

static err_t fill_volume(virConnectPtr conn, virStoragePoolPtr pool, const char *name,
			 const char *data, gsize len, char **remote, struct error *error)
{
	virStorageVolPtr vol = make_volume(pool, name, len);
	if (!vol)
		return host_error(error, EIO, "cannot make a volume on the host");
	err_t err = upload(conn, vol, data, len, error);
	if (err)
		virStorageVolDelete(vol, 0); /* half a kernel must not be taken for one */
	else
		*remote = path_of(vol);
	virStorageVolFree(vol);
	return err;
}

/* The path of a volume that can be used as it is; one that cannot is deleted. */
static char *reuse_volume(virStoragePoolPtr pool, const char *name,
			  bool (*whole)(const char *remote, void *arg), void *arg)
{
	virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
	if (!vol)
		return NULL;
	char *path = path_of(vol);
	if (!whole || !whole(path, arg)) {
		virStorageVolDelete(vol, 0);
		g_clear_pointer(&path, g_free);
	}
	virStorageVolFree(vol);
	return path;
}

err_t ship_file(virConnectPtr conn, const char *prefix, const char *path,
		bool (*whole)(const char *remote, void *arg), void *arg, char **remote,
		struct error *error)
{
	g_autofree char *data = NULL;
	gsize len;
	GError *why = NULL;
	virStoragePoolPtr pool = NULL;
	if (!g_file_get_contents(path, &data, &len, &why)) {
		err_t err = error_set(error, EIO, "%s", why->message);
		g_error_free(why);
		return err;
	}
	err_t err = open_pool(conn, &pool, error);
	if (err)
		return err;
	g_autofree char *hash =
		g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, len);
	g_autofree char *name = g_strdup_printf("%s-%s", prefix, hash);
	*remote = reuse_volume(pool, name, whole, arg);
	if (!*remote)
		err = fill_volume(conn, pool, name, data, len, remote, error);
	virStoragePoolFree(pool);
	return err;
}

void ship_remove(virConnectPtr conn, const char *remote)
{
	virStorageVolPtr vol = virStorageVolLookupByPath(conn, remote);
	if (vol) {
		virStorageVolDelete(vol, 0);
		virStorageVolFree(vol);
	}
}
