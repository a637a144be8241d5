/*
 * Without a directory in the request it is that which ccache is configured with: ccache is asked
 * once, and all slots share it.
 */
#include "ccache.h"

#include "engine/base/file.h"

#include <glib.h>

bool ccache_is_used(const struct build_request *rq)
{
	g_autofree char *path = rq->ccache ? g_find_program_in_path("ccache") : NULL;
	return path != NULL;
}

static gpointer find_configured(gpointer arg)
{
	char *argv[] = { "ccache", "--get-config=cache_dir", NULL };
	char *text = NULL;
	int status = -1;
	(void)arg;
	struct spawn sp = { .argv = argv };
	if (spawn_capture(&sp, 4096, &text, &status, NULL) != 0 || status != 0 ||
	    !g_path_is_absolute(g_strstrip(text)) || file_mkdir(text, NULL) != 0)
		g_clear_pointer(&text, g_free);
	return text;
}

const char *ccache_dir(const struct build_request *rq)
{
	static GOnce once = G_ONCE_INIT;
	if (!ccache_is_used(rq))
		return NULL;
	return rq->ccache_dir ? rq->ccache_dir : g_once(&once, find_configured, NULL);
}
