/*
 * Claims of full disks, held against disks that are made up.
 */
#include "engine/build/space.h"

#include <errno.h>

struct fake {
	struct disk disk;
	guint64 bytes, inodes;
	err_t probe;
	int probed;
};

static guint64 fake_room(void *self, const char *dir)
{
	(void)dir;
	return ((struct fake *)self)->bytes;
}

static guint64 fake_inodes(void *self, const char *dir)
{
	(void)dir;
	return ((struct fake *)self)->inodes;
}

static err_t fake_probe(void *self, const char *dir, uid_t user, gsize bytes)
{
	struct fake *f = self;
	(void)dir;
	g_assert_cmpuint(user, ==, 7);
	g_assert_cmpuint(bytes, >, 0);
	f->probed++;
	return f->probe;
}

static const struct {
	const char *text;
	guint64 bytes, inodes;
	err_t probe, judged;
} cases[] = {
	/* nothing is claimed: it is not even looked */
	{ "Error 1", 0, 0, -ENOSPC, 0 },
	{ "x: No space left on device", 80ULL << 30, 1000, 0, 0 },
	{ "x: No space left on device", 1 << 20, 1000, 0, -ENOSPC },
	{ "x: No space left on device", 80ULL << 30, 3, 0, -ENOSPC },
	{ "x: No space left on device", 80ULL << 30, 1000, -ENOSPC, -ENOSPC },
	{ "x: No space left on device", 80ULL << 30, 1000, -EACCES, 0 },
	{ "x: Disk quota exceeded", 80ULL << 30, 1000, -EDQUOT, -EDQUOT },
	{ "x: Disk quota exceeded", 80ULL << 30, 1000, 0, 0 },
	{ "x: Disk quota exceeded", 0, 0, 0, 0 },
};

static void test_judge(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fake f = { .disk = { .self = &f,
					    .room = fake_room,
					    .inodes = fake_inodes,
					    .probe = fake_probe },
				  .bytes = cases[i].bytes,
				  .inodes = cases[i].inodes,
				  .probe = cases[i].probe };
		struct space s;
		struct error why;
		space_init(&s, &f.disk, 7);
		space_add(&s, NULL);
		space_add(&s, "/here");
		int claim = space_claim(cases[i].text);
		g_assert_cmpint(space_judge(&s, claim, &why), ==, cases[i].judged);
		if (!claim)
			g_assert_cmpint(f.probed, ==, 0);
		if (cases[i].judged)
			g_assert_nonnull(g_strstr_len(why.text, -1, "/here"));
		space_clear(&s);
	}
}

/* What a compiler could not write is gone when it has ended: what was seen meanwhile counts. */
static void test_least(void)
{
	struct fake f = {
		.disk = { .self = &f,
			  .room = fake_room,
			  .inodes = fake_inodes,
			  .probe = fake_probe },
		.bytes = 5,
		.inodes = 1000,
	};
	struct space s;
	space_init(&s, &f.disk, 7);
	for (int i = 0; i < SPACE_PLACES + 1; i++)
		space_add(&s, "/here");
	space_look(&s);
	f.bytes = 80ULL << 30;
	g_assert_cmpint(space_judge(&s, ENOSPC, NULL), ==, -ENOSPC);
	space_clear(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/space/judge", test_judge);
	g_test_add_func("/space/least", test_least);
	return g_test_run();
}
