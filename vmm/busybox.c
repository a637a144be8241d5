/*
 * Debian has a dynamic and a static busybox under the same name. A dynamic program names its
 * loader (/lib..., ld-linux) in its first page.
 */
#include "busybox.h"

#include "engine/base/file.h"
#include "engine/base/spawn.h"

#include <string.h>

bool busybox_is_static(const char *path)
{
	gsize len;
	g_autofree char *page = file_read_head(path, 4096, &len);
	return page && memmem(page, len, "/ld-linux", 9) == NULL &&
	       memmem(page, len, "/lib", 4) == NULL;
}

static void list_applets(struct busybox *b)
{
	char *argv[] = { b->path, (char *)"--list", NULL };
	g_autofree char *text = NULL;
	struct spawn sp = { .argv = argv };
	int status;
	if (spawn_capture(&sp, 65536, &text, &status, NULL) == 0 && status == 0)
		b->applets = g_strsplit(g_strchomp(text), "\n", -1);
}

void busybox_find(struct busybox *b)
{
	static const char *const places[] = { "/bin/busybox", "/usr/bin/busybox",
					      "/usr/lib/busybox/busybox-static" };
	for (gsize i = 0; i < G_N_ELEMENTS(places) && !b->path; i++) {
		if (busybox_is_static(places[i]))
			b->path = g_strdup(places[i]);
	}
	if (b->path)
		list_applets(b);
}

void busybox_clear(struct busybox *b)
{
	g_clear_pointer(&b->path, g_free);
	g_clear_pointer(&b->applets, g_strfreev);
}
