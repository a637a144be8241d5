/*
 * Arrays by commit number (ids, dates, where the parents begin) and one with all parents one after
 * the other: some tens of bytes a commit, so that all of Linux fits. Numbers are found by id
 * through a hash table with open addressing, as full as a half at most.
 */
#include "history.h"

#include <string.h>

struct history {
	struct commit_source source;
	GArray *oids;	      /* struct oid */
	GArray *trees;	      /* struct oid */
	GArray *dates;	      /* uint64_t */
	GArray *first_parent; /* uint32_t: index into parents, NO_COMMIT while not loaded */
	GArray *parent_count; /* uint32_t */
	GArray *parents;      /* uint32_t */
	uint32_t *slots;      /* open addressing: commit number + 1, 0 is free */
	uint32_t mask;
	struct commit_facts facts; /* reused */
};

struct history *history_new(const struct commit_source *source)
{
	struct history *h = g_new0(struct history, 1);
	h->source = *source;
	h->oids = g_array_new(FALSE, FALSE, sizeof(struct oid));
	h->trees = g_array_new(FALSE, FALSE, sizeof(struct oid));
	h->dates = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	h->first_parent = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	h->parent_count = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	h->parents = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	h->facts.parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	h->mask = 1023;
	h->slots = g_new0(uint32_t, h->mask + 1);
	return h;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	g_array_free(h->oids, TRUE);
	g_array_free(h->trees, TRUE);
	g_array_free(h->dates, TRUE);
	g_array_free(h->first_parent, TRUE);
	g_array_free(h->parent_count, TRUE);
	g_array_free(h->parents, TRUE);
	g_array_free(h->facts.parents, TRUE);
	g_free(h->slots);
	g_free(h);
}

/* Object ids are hashes already: any four bytes will do. */
static uint32_t slot_of(const struct history *h, const struct oid *oid)
{
	uint32_t hash;
	memcpy(&hash, oid->b, sizeof(hash));
	uint32_t i = hash & h->mask;
	while (h->slots[i] && oid_compare(history_oid(h, h->slots[i] - 1), oid) != 0)
		i = (i + 1) & h->mask;
	return i;
}

static void grow(struct history *h)
{
	g_free(h->slots);
	h->mask = h->mask * 2 + 1;
	h->slots = g_new0(uint32_t, (gsize)h->mask + 1);
	for (uint32_t c = 0; c < h->oids->len; c++)
		h->slots[slot_of(h, history_oid(h, c))] = c + 1;
}

uint32_t history_number(struct history *h, const struct oid *oid)
{
	uint32_t i = slot_of(h, oid);
	if (h->slots[i])
		return h->slots[i] - 1;
	if (h->oids->len * 2 > h->mask) {
		grow(h);
		i = slot_of(h, oid);
	}
	uint64_t date = 0;
	uint32_t none = NO_COMMIT, zero = 0;
	g_array_append_val(h->oids, *oid);
	g_array_append_val(h->trees, *oid); /* room for it */
	g_array_append_val(h->dates, date);
	g_array_append_val(h->first_parent, none);
	g_array_append_val(h->parent_count, zero);
	h->slots[i] = h->oids->len;
	return h->oids->len - 1;
}

const struct oid *history_oid(const struct history *h, uint32_t c)
{
	return &g_array_index(h->oids, struct oid, c);
}

uint32_t history_size(const struct history *h)
{
	return h->oids->len;
}

err_t history_load(struct history *h, uint32_t c, struct error *error)
{
	if (g_array_index(h->first_parent, uint32_t, c) != NO_COMMIT)
		return 0;
	g_array_set_size(h->facts.parents, 0);
	struct oid oid = *history_oid(h, c);
	err_t err = h->source.read(h->source.self, &oid, &h->facts, error);
	if (err)
		return err;
	uint32_t first = h->parents->len;
	for (guint i = 0; i < h->facts.parents->len; i++) {
		uint32_t p = history_number(h, &g_array_index(h->facts.parents, struct oid, i));
		g_array_append_val(h->parents, p);
	}
	g_array_index(h->first_parent, uint32_t, c) = first;
	g_array_index(h->parent_count, uint32_t, c) = h->facts.parents->len;
	g_array_index(h->dates, uint64_t, c) = h->facts.date;
	g_array_index(h->trees, struct oid, c) = h->facts.tree;
	return 0;
}

static int compare_commits(const void *a, const void *b, void *h)
{
	return oid_compare(history_oid(h, *(const uint32_t *)a),
			   history_oid(h, *(const uint32_t *)b));
}

uint32_t *history_sort(const struct history *h, const uint32_t *commits, uint32_t n)
{
	uint32_t *sorted = g_new(uint32_t, n + 1);
	if (n)
		memcpy(sorted, commits, n * sizeof(*sorted));
	g_qsort_with_data(sorted, (gint)n, sizeof(*sorted), compare_commits, (void *)h);
	return sorted;
}

uint64_t history_date(const struct history *h, uint32_t c)
{
	return g_array_index(h->dates, uint64_t, c);
}

const struct oid *history_tree(const struct history *h, uint32_t c)
{
	return &g_array_index(h->trees, struct oid, c);
}

uint32_t history_parent_count(const struct history *h, uint32_t c)
{
	return g_array_index(h->parent_count, uint32_t, c);
}

uint32_t history_parent(const struct history *h, uint32_t c, uint32_t i)
{
	return g_array_index(h->parents, uint32_t, g_array_index(h->first_parent, uint32_t, c) + i);
}

const uint32_t *history_parents(const struct history *h, uint32_t c, uint32_t *n)
{
	*n = g_array_index(h->parent_count, uint32_t, c);
	return &g_array_index(h->parents, uint32_t, g_array_index(h->first_parent, uint32_t, c));
}
