/*
 * The profile: a JSON file with the defaults of a mount. Strict: whatever is not known is refused,
 * with file, line and column.
 */
#ifndef ENGINE_STORE_PROFILE_H
#define ENGINE_STORE_PROFILE_H

#include "bisectfs/settings.h"

#include <glib.h>

struct profile_host {
	char *uri;
	int vms;
};

struct profile {
	struct settings settings;
	char *large[SETTINGS]; /* paths of files for large settings; NULL: none */
	int builders, jobs;    /* jobs 0: as many as there are processors, shared by the builders */
	GStrv launcher;
	bool ccache;
	bool ahead;	 /* build and run what may come next */
	int kernels_mib; /* built kernels that are kept, MiB */
	bool sandbox;	 /* programs of the tree run without network, the source read-only */
	int build_timeout_s, build_processes, build_memory_mib, build_output_mib; /* 0: no limit */
	GArray *hosts; /* struct profile_host */
	int keep_days; /* finished bisections older than this are removed; 0: never */
};

void profile_init(struct profile *p);
void profile_clear(struct profile *p);
/* VMs on all hosts. */
int profile_vms(const struct profile *p);
/* Reads `path` over what `p` holds. Paths in it are relative to its directory. */
err_t profile_load(struct profile *p, const char *path, struct error *error);

#endif
