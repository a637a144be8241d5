/* Calls that are made in time, once, whoever comes first. */
#include "fs/deadlines.h"

#include <stdbool.h>

#define NEVER_US ((gint64)3600 * G_USEC_PER_SEC)

struct call {
	GMutex lock;
	GCond made;
	int count;
	GThread *by;
};

static void note(void *arg)
{
	struct call *call = arg;
	g_mutex_lock(&call->lock);
	call->count++;
	call->by = g_thread_self();
	g_cond_signal(&call->made);
	g_mutex_unlock(&call->lock);
}

static void wait_for(struct call *call)
{
	gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
	g_mutex_lock(&call->lock);
	while (!call->count)
		g_assert_true(g_cond_wait_until(&call->made, &call->lock, end));
	g_mutex_unlock(&call->lock);
}

static void test_done_in_time(void)
{
	struct call call = { 0 };
	struct deadlines *d = deadlines_new();
	deadlines_start(d);
	struct deadline *one = deadlines_set(d, note, &call, NEVER_US);
	g_assert_cmpint(call.count, ==, 0);
	deadlines_done(one);
	g_assert_cmpint(call.count, ==, 1);
	g_assert_true(call.by == g_thread_self());
	deadlines_free(d);
	g_assert_cmpint(call.count, ==, 1);
}

static void test_late(void)
{
	struct call call = { 0 };
	struct deadlines *d = deadlines_new();
	deadlines_start(d);
	struct deadline *one = deadlines_set(d, note, &call, 1000);
	wait_for(&call);
	g_assert_true(call.by != g_thread_self());
	deadlines_done(one); /* it is only freed */
	deadlines_free(d);
	g_assert_cmpint(call.count, ==, 1);
}

/* Set before the thread is there; one that is done does not keep the next from its time. */
static void test_order(void)
{
	struct call first = { 0 }, second = { 0 };
	struct deadlines *d = deadlines_new();
	struct deadline *a = deadlines_set(d, note, &first, NEVER_US);
	struct deadline *b = deadlines_set(d, note, &second, 0);
	deadlines_start(d);
	deadlines_done(a);
	wait_for(&second);
	deadlines_done(b);
	deadlines_free(d);
	g_assert_cmpint(first.count, ==, 1);
	g_assert_cmpint(second.count, ==, 1);
}

/* Once it is stopped, only who has done it makes the call. */
static void test_stopped(void)
{
	struct call call = { 0 };
	struct deadlines *d = deadlines_new();
	deadlines_start(d);
	deadlines_stop(d);
	struct deadline *one = deadlines_set(d, note, &call, 0);
	deadlines_stop(d);
	g_assert_cmpint(call.count, ==, 0);
	deadlines_done(one);
	g_assert_cmpint(call.count, ==, 1);
	deadlines_free(d);
}

struct racer {
	struct deadlines *d;
	struct call *calls;
	int n;
};

static gpointer race(gpointer arg)
{
	struct racer *r = arg;
	for (int i = 0; i < r->n; i++) {
		struct deadline *one = deadlines_set(r->d, note, &r->calls[i], i % 3);
		g_thread_yield();
		deadlines_done(one);
	}
	return NULL;
}

/* Each call is made once, although both sides are after it. */
static void test_race(void)
{
	enum { THREADS = 4, CALLS = 2000 };
	struct racer racers[THREADS];
	GThread *threads[THREADS];
	struct deadlines *d = deadlines_new();
	deadlines_start(d);
	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ d, g_new0(struct call, CALLS), CALLS };
		threads[i] = g_thread_new("racer", race, &racers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	deadlines_free(d);
	for (int i = 0; i < THREADS; i++) {
		for (int k = 0; k < CALLS; k++)
			g_assert_cmpint(racers[i].calls[k].count, ==, 1);
		g_free(racers[i].calls);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deadlines/done-in-time", test_done_in_time);
	g_test_add_func("/deadlines/late", test_late);
	g_test_add_func("/deadlines/order", test_order);
	g_test_add_func("/deadlines/stopped", test_stopped);
	g_test_add_func("/deadlines/race", test_race);
	return g_test_run();
}
