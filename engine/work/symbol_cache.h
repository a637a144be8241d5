/*
 * The indexes of the kernels that crashed last, so that the runs of a step share one. Any thread.
 */
#ifndef ENGINE_WORK_SYMBOL_CACHE_H
#define ENGINE_WORK_SYMBOL_CACHE_H

struct symbol_cache;
struct symbol_cache *symbol_cache_new(void);
void symbol_cache_free(struct symbol_cache *cache);

/* The crash report with source positions by the kernel `vmlinux`, new; NULL: it has none to give.
 * A file is known by its identity, not by its name, which another kernel may have had. */
char *symbol_cache_report(struct symbol_cache *cache, const char *vmlinux, const char *report);

#endif
