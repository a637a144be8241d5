/*
 * An entry is taken by one thread at a time, which opens it or asks it with no lock held; others
 * that want the same kernel wait until it is given back.
 */
#include "symbol_cache.h"

#include "engine/triage/symbols.h"

#include <stdbool.h>
#include <sys/stat.h>

#define KEPT 2 /* an index takes some hundred MiB */

/* A file, whatever its names: one that was replaced or written anew is another. */
struct identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct entry {
	struct identity of;
	struct symbols *symbols; /* NULL: it cannot be read, or is not opened yet */
	bool opened, taken;
	guint64 used; /* higher: later */
};

struct symbol_cache {
	GMutex lock;
	GCond given_back;
	/* guarded by `lock`; a taken entry's symbols are its taker's */
	GPtrArray *entries; /* struct entry * */
	guint64 uses;
};

static void entry_free(void *p)
{
	struct entry *entry = p;
	symbols_close(entry->symbols);
	g_free(entry);
}

struct symbol_cache *symbol_cache_new(void)
{
	struct symbol_cache *cache = g_new0(struct symbol_cache, 1);
	g_mutex_init(&cache->lock);
	g_cond_init(&cache->given_back);
	cache->entries = g_ptr_array_new();
	return cache;
}

void symbol_cache_free(struct symbol_cache *cache)
{
	if (!cache)
		return;
	g_ptr_array_set_free_func(cache->entries, entry_free);
	g_ptr_array_unref(cache->entries);
	g_mutex_clear(&cache->lock);
	g_cond_clear(&cache->given_back);
	g_free(cache);
}

static bool identify(const char *path, struct identity *of)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	*of = (struct identity){
		.dev = st.st_dev, .ino = st.st_ino, .size = st.st_size, .changed = st.st_mtim
	};
	return true;
}

static bool is_same(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct entry *find(const struct symbol_cache *cache, const struct identity *of)
{
	for (guint i = 0; i < cache->entries->len; i++) {
		struct entry *entry = g_ptr_array_index(cache->entries, i);
		if (is_same(&entry->of, of))
			return entry;
	}
	return NULL;
}

/* Takes what was used longest ago off the list, where there are enough; NULL: there are not. */
static struct entry *make_room(struct symbol_cache *cache)
{
	struct entry *oldest = NULL;
	for (guint i = 0; i < cache->entries->len; i++) {
		struct entry *entry = g_ptr_array_index(cache->entries, i);
		if (!entry->taken && (!oldest || entry->used < oldest->used))
			oldest = entry;
	}
	if (cache->entries->len < KEPT || !oldest)
		return NULL;
	g_ptr_array_remove_fast(cache->entries, oldest);
	return oldest;
}

static struct entry *take(struct symbol_cache *cache, const struct identity *of)
{
	struct entry *entry, *old = NULL;
	g_mutex_lock(&cache->lock);
	while ((entry = find(cache, of)) && entry->taken)
		g_cond_wait(&cache->given_back, &cache->lock);
	if (!entry) {
		old = make_room(cache);
		entry = g_new0(struct entry, 1);
		entry->of = *of;
		g_ptr_array_add(cache->entries, entry);
	}
	entry->taken = true;
	entry->used = ++cache->uses;
	g_mutex_unlock(&cache->lock);
	if (old)
		entry_free(old);
	return entry;
}

static void give_back(struct symbol_cache *cache, struct entry *entry)
{
	g_mutex_lock(&cache->lock);
	entry->taken = false;
	g_cond_broadcast(&cache->given_back);
	g_mutex_unlock(&cache->lock);
}

char *symbol_cache_report(struct symbol_cache *cache, const char *vmlinux, const char *report)
{
	struct identity of;
	if (!identify(vmlinux, &of))
		return NULL;
	struct entry *entry = take(cache, &of);
	if (!entry->opened)
		symbols_open(vmlinux, &entry->symbols, NULL);
	entry->opened = true;
	char *better = entry->symbols ? symbols_report(entry->symbols, NULL, report, NULL) : NULL;
	give_back(cache, entry);
	return better;
}
