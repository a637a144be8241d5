/*
 * Only in builds with AddressSanitizer: makes its allocator usable in a child of fork.
 *
 * glibc leaves its allocator in a sane state in the child of a program with threads, and libvirt
 * relies on that between fork and exec of a guest. The allocator of AddressSanitizer (before LLVM
 * 18 and GCC 14) does not: a lock that another thread holds at that moment stays locked for ever,
 * and the guest never starts. So here every call goes through one lock, which a fork waits for.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#pragma GCC visibility push(default) /* libraries' calls are to come here too */

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t n, size_t size);
void *__interceptor_realloc(void *p, size_t size);
void *__interceptor_reallocarray(void *p, size_t n, size_t size);
void *__interceptor_memalign(size_t align, size_t size);
void *__interceptor_aligned_alloc(size_t align, size_t size);
int __interceptor_posix_memalign(void **p, size_t align, size_t size);
char *__interceptor_strdup(const char *s);
char *__interceptor_strndup(const char *s, size_t n);
void __interceptor_free(void *p);

/* what is defined here instead; <stdlib.h> would declare it with attributes of its own */
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void *reallocarray(void *p, size_t n, size_t size);
void *memalign(size_t align, size_t size);
void *aligned_alloc(size_t align, size_t size);
int posix_memalign(void **p, size_t align, size_t size);
char *strdup(const char *s);
char *strndup(const char *s, size_t n);
void free(void *p);

/* Not a mutex: pthread's are intercepted too, and the first calls come before that is set up. */
static _Atomic(char *) owner;
static int depth; /* of the owner: the allocator may call itself */
static __thread char self;

static void take(void)
{
	char *nobody = NULL;
	if (atomic_load(&owner) != &self) {
		while (!atomic_compare_exchange_weak(&owner, &nobody, &self)) {
			nobody = NULL;
			sched_yield();
		}
	}
	depth++;
}

static void release(void)
{
	if (--depth == 0)
		atomic_store(&owner, NULL);
}

#define LOCKED(type, call)  \
	take();             \
	type result = call; \
	release();          \
	return result

void *malloc(size_t size)
{
	LOCKED(void *, __interceptor_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	LOCKED(void *, __interceptor_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	LOCKED(void *, __interceptor_realloc(p, size));
}

void *reallocarray(void *p, size_t n, size_t size)
{
	LOCKED(void *, __interceptor_reallocarray(p, n, size));
}

void *memalign(size_t align, size_t size)
{
	LOCKED(void *, __interceptor_memalign(align, size));
}

void *aligned_alloc(size_t align, size_t size)
{
	LOCKED(void *, __interceptor_aligned_alloc(align, size));
}

int posix_memalign(void **p, size_t align, size_t size)
{
	LOCKED(int, __interceptor_posix_memalign(p, align, size));
}

char *strdup(const char *s)
{
	LOCKED(char *, __interceptor_strdup(s));
}

char *strndup(const char *s, size_t n)
{
	LOCKED(char *, __interceptor_strndup(s, n));
}

void free(void *p)
{
	take();
	__interceptor_free(p);
	release();
}

static void __attribute__((constructor)) guard_fork(void)
{
	/* the child has the one thread that took the lock, with the same address of `self` */
	pthread_atfork(take, release, release);
}
