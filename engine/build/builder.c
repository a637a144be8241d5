/*
 * The result of a build owns its texts, whoever has built.
 */
#include "builder.h"

#include <glib.h>

void builder_result_clear(struct build_result *r)
{
	g_free(r->compiler);
	g_free(r->signature);
	g_free(r->reason);
	g_strfreev(r->errors);
	g_free(r->object);
	g_free(r->matched);
	*r = (struct build_result){ 0 };
}
