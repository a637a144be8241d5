/*
 * The file is mapped and never copied: a commit is found by bisection between two entries of its
 * fan-out table, its parents are positions in the same file. Every offset is checked where it is
 * used, since the file is whatever lies in the repository.
 */
#include "commit_graph.h"

#include <string.h>

#define HEADER 8
#define CHUNK_ENTRY 12
#define FANOUT (256 * 4)
#define DATA_ENTRY (OID_BYTES + 16)
#define NO_PARENT 0x70000000u
#define MANY_PARENTS 0x80000000u /* of the second parent: the rest is in the edge list */
#define LAST_EDGE 0x80000000u

struct commit_graph {
	GMappedFile *map;
	const uint8_t *fanout, *oids, *data, *edges;
	uint32_t commits, edge_count;
};

static uint32_t read32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t read64(const uint8_t *p)
{
	return (uint64_t)read32(p) << 32 | read32(p + 4);
}

/* Where a chunk begins; its length goes up to the next one. NULL: it is not there. */
static const uint8_t *find_chunk(const uint8_t *file, gsize len, const char *name, uint64_t *size)
{
	unsigned chunks = file[6];
	if (len < HEADER + (gsize)(chunks + 1) * CHUNK_ENTRY)
		return NULL;
	for (unsigned i = 0; i < chunks; i++) {
		const uint8_t *entry = file + HEADER + i * CHUNK_ENTRY;
		uint64_t at = read64(entry + 4), next = read64(entry + CHUNK_ENTRY + 4);
		if (memcmp(entry, name, 4) != 0)
			continue;
		if (at > next || next > len)
			return NULL;
		*size = next - at;
		return file + at;
	}
	return NULL;
}

static bool read_layout(struct commit_graph *g)
{
	const uint8_t *file = (const uint8_t *)g_mapped_file_get_contents(g->map);
	gsize len = g_mapped_file_get_length(g->map);
	uint64_t fanout = 0, oids = 0, data = 0, edges = 0;
	/* signature, version, SHA-1; no base of a chain */
	if (len < HEADER || memcmp(file, "CGPH\1\1", 6) != 0 || file[7] != 0)
		return false;
	g->fanout = find_chunk(file, len, "OIDF", &fanout);
	g->oids = find_chunk(file, len, "OIDL", &oids);
	g->data = find_chunk(file, len, "CDAT", &data);
	g->edges = find_chunk(file, len, "EDGE", &edges);
	if (!g->fanout || !g->oids || !g->data || fanout < FANOUT)
		return false;
	g->commits = read32(g->fanout + FANOUT - 4);
	g->edge_count = g->edges ? (uint32_t)(edges / 4) : 0;
	return g->commits < NO_PARENT && oids >= (uint64_t)g->commits * OID_BYTES &&
	       data >= (uint64_t)g->commits * DATA_ENTRY;
}

struct commit_graph *commit_graph_open(const char *gitdir)
{
	g_autofree char *path = g_build_filename(gitdir, "objects", "info", "commit-graph", NULL);
	GMappedFile *map = g_mapped_file_new(path, FALSE, NULL);
	if (!map)
		return NULL;
	struct commit_graph *g = g_new0(struct commit_graph, 1);
	g->map = map;
	if (!read_layout(g)) {
		commit_graph_close(g);
		return NULL;
	}
	return g;
}

void commit_graph_close(struct commit_graph *g)
{
	if (!g)
		return;
	g_mapped_file_unref(g->map);
	g_free(g);
}

static bool find(const struct commit_graph *g, const struct oid *oid, uint32_t *at)
{
	uint32_t low = oid->b[0] ? read32(g->fanout + (oid->b[0] - 1) * 4) : 0;
	uint32_t high = read32(g->fanout + oid->b[0] * 4);
	if (high > g->commits)
		return false;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = memcmp(oid->b, g->oids + (gsize)mid * OID_BYTES, OID_BYTES);
		if (order == 0) {
			*at = mid;
			return true;
		}
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

static bool add_parent(const struct commit_graph *g, uint32_t at, struct commit_facts *facts)
{
	struct oid oid;
	if (at >= g->commits)
		return false;
	memcpy(oid.b, g->oids + (gsize)at * OID_BYTES, OID_BYTES);
	g_array_append_val(facts->parents, oid);
	return true;
}

static bool add_edges(const struct commit_graph *g, uint32_t from, struct commit_facts *facts)
{
	for (uint32_t i = from; i < g->edge_count; i++) {
		uint32_t edge = read32(g->edges + (gsize)i * 4);
		if (!add_parent(g, edge & ~LAST_EDGE, facts))
			return false;
		if (edge & LAST_EDGE)
			return true;
	}
	return false;
}

bool commit_graph_read(const struct commit_graph *g, const struct oid *oid,
		       struct commit_facts *facts)
{
	uint32_t at;
	if (!g || !find(g, oid, &at))
		return false;
	const uint8_t *entry = g->data + (gsize)at * DATA_ENTRY + OID_BYTES;
	uint32_t first = read32(entry), second = read32(entry + 4);
	bool sound = first == NO_PARENT || add_parent(g, first, facts);
	if (sound && second & MANY_PARENTS)
		sound = add_edges(g, second & ~MANY_PARENTS, facts);
	else if (sound && second != NO_PARENT)
		sound = add_parent(g, second, facts);
	if (!sound) {
		g_array_set_size(facts->parents, 0);
		return false;
	}
	memcpy(facts->tree.b, entry - OID_BYTES, OID_BYTES);
	/* two bits of the generation's word are the date's highest */
	facts->date = (uint64_t)(read32(entry + 8) & 3) << 32 | read32(entry + 12);
	return true;
}
