/*
 * Where compiled files are cached across builds. Any thread.
 */
#ifndef ENGINE_BUILD_CCACHE_H
#define ENGINE_BUILD_CCACHE_H

#include "builder.h"

/* Whether the build goes through ccache: it is asked for and installed. */
bool ccache_is_used(const struct build_request *rq);
/* The directory that it caches in, an absolute path; NULL: none, or it cannot be told. Valid as
 * long as the request. */
const char *ccache_dir(const struct build_request *rq);

#endif
