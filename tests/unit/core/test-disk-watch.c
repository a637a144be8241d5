/* When a disk that took nothing is tried again: a disk of which the test says all. */
#include "engine/base/daemon_log.h"
#include "engine/base/disk.h"
#include "engine/base/file.h"
#include "engine/core/disk_watch.h"

#include <errno.h>
#include <glib.h>

#define MIB ((guint64)1 << 20)
#define S ((gint64)G_USEC_PER_SEC)

struct fake {
	guint64 room, inodes;
	err_t probe;
	gsize probed; /* bytes of the last try */
};

static guint64 fake_room(void *self, const char *dir)
{
	(void)dir;
	return ((struct fake *)self)->room;
}

static guint64 fake_inodes(void *self, const char *dir)
{
	(void)dir;
	return ((struct fake *)self)->inodes;
}

static err_t fake_probe(void *self, const char *dir, uid_t user, gsize bytes)
{
	struct fake *fake = self;
	(void)dir;
	(void)user;
	fake->probed = bytes;
	return fake->probe;
}

struct fixture {
	struct fake fake;
	struct disk disk;
	char *dir;
	struct disk_watch *watch;
};

static void set_up(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	f->fake = (struct fake){ .room = 100 * MIB, .inodes = 1000 };
	f->disk = (struct disk){
		.self = &f->fake, .room = fake_room, .inodes = fake_inodes, .probe = fake_probe
	};
	f->dir = g_dir_make_tmp("disk-watch-XXXXXX", NULL);
	f->watch = disk_watch_new(f->dir, &f->disk);
}

static void tear_down(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	disk_watch_free(f->watch);
	file_remove_tree(f->dir, NULL);
	g_free(f->dir);
}

static bool has_reserve(const struct fixture *f)
{
	g_autofree char *path = g_build_filename(f->dir, "reserve", NULL);
	return file_exists(path);
}

static void test_words(struct fixture *f, gconstpointer arg)
{
	static const struct {
		err_t err;
		const char *says;
	} rows[] = { { -ENOSPC, "no room left in *" },
		     { -EDQUOT, "the quota of * is used up*" },
		     { -EIO, "nothing can be written to *: Input/output error; *" } };
	(void)arg;
	g_assert_cmpint(disk_watch_error(f->watch), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct disk_watch *watch = disk_watch_new(f->dir, &f->disk);
		g_assert_true(disk_watch_failed(watch, rows[i].err, 0));
		g_assert_false(disk_watch_failed(watch, -EROFS, 0)); /* the first one counts */
		g_assert_cmpint(disk_watch_error(watch), ==, rows[i].err);
		g_autofree char *reason = disk_watch_reason(watch);
		g_assert_true(g_pattern_match_simple(rows[i].says, reason));
		disk_watch_free(watch);
	}
	g_assert_true(disk_watch_is_fault(-EIO) && !disk_watch_is_fault(-EINVAL));
	g_assert_true(disk_watch_is_full(-EDQUOT) && !disk_watch_is_full(-EIO));
}

static void test_reserve(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	g_assert_true(has_reserve(f));
	disk_watch_release(f->watch);
	g_assert_false(has_reserve(f));
	disk_watch_failed(f->watch, -ENOSPC, 0);
	f->fake.room += 8 * MIB;
	g_assert_true(disk_watch_try_again(f->watch, S));
	g_assert_true(has_reserve(f));
}

static void test_room(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	f->fake.room = 0;
	disk_watch_failed(f->watch, -ENOSPC, 0);
	f->fake.room = 4 * MIB - 1;
	g_assert_false(disk_watch_try_again(f->watch, 1 * S));
	f->fake.room = 4 * MIB + 4096;
	g_assert_false(disk_watch_try_again(f->watch, 1 * S + 1)); /* it was looked at just now */
	g_assert_true(disk_watch_try_again(f->watch, 2 * S));
	g_assert_cmpint(disk_watch_error(f->watch), ==, 0);
}

static void test_inodes(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	f->fake.inodes = 0;
	disk_watch_failed(f->watch, -ENOSPC, 0);
	f->fake.inodes = 15;
	g_assert_false(disk_watch_try_again(f->watch, 1 * S));
	f->fake.inodes = 17;
	g_assert_true(disk_watch_try_again(f->watch, 2 * S));
}

/* btrfs counts none; and where statfs fails nothing is known. */
static void test_unknown(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	f->fake = (struct fake){ .room = 0, .inodes = G_MAXUINT64 };
	disk_watch_failed(f->watch, -ENOSPC, 0);
	for (int s = 1; s < 1000; s++)
		g_assert_false(disk_watch_try_again(f->watch, s * S));
	f->fake.room = 5 * MIB;
	g_assert_true(disk_watch_try_again(f->watch, 1000 * S));
}

/* Free room says nothing of a quota. */
static void test_quota(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	f->fake.probe = -EDQUOT;
	disk_watch_failed(f->watch, -EDQUOT, 0);
	f->fake.room = f->fake.inodes = (guint64)1 << 50;
	g_assert_false(disk_watch_try_again(f->watch, 1 * S));
	f->fake.room = f->fake.inodes = 0;
	f->fake.probe = 0;
	g_assert_true(disk_watch_try_again(f->watch, 2 * S));
	g_assert_cmpuint(f->fake.probed, ==, 4 * MIB);
}

/* An I/O error is not to be seen coming: it is tried, less and less often. */
static void test_pauses(struct fixture *f, gconstpointer arg)
{
	static const int pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	gint64 now = 0;
	(void)arg;
	for (gsize i = 0; i < G_N_ELEMENTS(pauses); i++) {
		disk_watch_failed(f->watch, -EIO, now);
		now += pauses[i] * S;
		g_assert_false(disk_watch_try_again(f->watch, now - 1));
		g_assert_true(disk_watch_try_again(f->watch, now));
	}
}

/* An earlier daemon ended while it was full. */
static void test_was_full(struct fixture *f, gconstpointer arg)
{
	(void)arg;
	f->fake.room = f->fake.inodes = 0;
	disk_watch_was_full(f->watch);
	g_assert_cmpint(disk_watch_error(f->watch), ==, -ENOSPC);
	g_assert_false(disk_watch_try_again(f->watch, 0));
	f->fake.room = 100 * MIB;
	g_assert_true(disk_watch_try_again(f->watch, S));
}

static void be_silent(const char *line)
{
	(void)line;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {
		{ "/disk-watch/words", test_words },	 { "/disk-watch/reserve", test_reserve },
		{ "/disk-watch/room", test_room },	 { "/disk-watch/inodes", test_inodes },
		{ "/disk-watch/unknown", test_unknown }, { "/disk-watch/quota", test_quota },
		{ "/disk-watch/pauses", test_pauses },	 { "/disk-watch/was-full", test_was_full }
	};
	g_test_init(&argc, &argv, NULL);
	daemon_log_to(be_silent);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, struct fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
