/* The journal as the only thing that survives. */
#include "engine/base/disk.h"
#include "engine/store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

static char *dir, *path;

static void set_up(void)
{
	dir = g_dir_make_tmp("journal-XXXXXX", NULL);
	path = g_build_filename(dir, "journal", NULL);
}

static void tear_down(void)
{
	g_unlink(path);
	g_rmdir(dir);
	g_free(dir);
	g_free(path);
}

static err_t count(const struct event *ev, void *arg, struct error *error)
{
	int *n = arg;
	if (event_step(ev) != *n)
		return error_set(error, EINVAL, "step %d after %d", event_step(ev), *n);
	++*n;
	return 0;
}

static struct event run_started(int step)
{
	struct event ev = event_make(EV_RUN_STARTED);
	ev.time = 1;
	ev.run_started.step = step;
	return ev;
}

static void write_some(int n)
{
	struct journal *j;
	int seen = 0;
	g_assert_cmpint(journal_open(path, &disk_real, count, &seen, &j, NULL), ==, 0);
	for (int i = 0; i < n; i++) {
		struct event ev = run_started(seen + i);
		g_assert_cmpint(journal_append(j, &ev, NULL), ==, 0);
	}
	journal_close(j);
}

static int read_back(struct error *error)
{
	struct journal *j;
	int seen = 0;
	err_t err = journal_open(path, &disk_real, count, &seen, &j, error);
	if (err)
		return err;
	journal_close(j);
	return seen;
}

static void test_append_and_replay(void)
{
	set_up();
	write_some(5);
	write_some(3);
	g_assert_cmpint(read_back(NULL), ==, 8);
	tear_down();
}

/* Power may go at any byte of the last record: it never was acknowledged. */
static void test_torn_tail(void)
{
	set_up();
	write_some(4);
	g_autofree char *data = NULL;
	gsize len;
	g_assert_true(g_file_get_contents(path, &data, &len, NULL));
	gsize last = (gsize)((char *)memrchr(data, '\n', len - 1) + 1 - data);
	for (gsize cut = last; cut < len; cut++) {
		g_assert_true(g_file_set_contents(path, data, (gssize)cut, NULL));
		g_assert_cmpint(read_back(NULL), ==, 3);
		write_some(1); /* and what is appended then is whole */
		g_assert_cmpint(read_back(NULL), ==, 4);
	}
	tear_down();
}

/* A disk on which nothing can be done for a while: a write stops in the middle, and what it left
 * cannot be taken off. */
struct bad_disk {
	int writes, truncates; /* that fail, from now on */
};

static ssize_t bad_write(void *self, int fd, const void *data, size_t len)
{
	struct bad_disk *d = self;
	if (d->writes == 0)
		return write(fd, data, len);
	if (d->writes-- > 1)
		return write(fd, data, len / 2);
	errno = EIO;
	return -1;
}

static int bad_truncate(void *self, int fd, off_t size)
{
	struct bad_disk *d = self;
	if (d->truncates == 0)
		return ftruncate(fd, size);
	d->truncates--;
	errno = EIO;
	return -1;
}

/* Whatever half a record a disk refuses to give back, the next one does not stand behind it. */
static void test_half_a_record(void)
{
	struct bad_disk state = { 0 };
	struct disk disk = disk_real;
	disk.self = &state;
	disk.write = bad_write;
	disk.truncate = bad_truncate;
	set_up();
	write_some(3);
	struct journal *j;
	int seen = 0;
	struct event ev = run_started(3);
	struct error why = { 0 };
	g_assert_cmpint(journal_open(path, &disk, count, &seen, &j, NULL), ==, 0);
	state = (struct bad_disk){ .writes = 2, .truncates = 2 };
	g_assert_cmpint(journal_append(j, &ev, &why), ==, -EIO);
	g_assert_cmpint(journal_append(j, &ev, &why), ==, -EIO);
	g_assert_nonnull(strstr(why.text, "half a record"));
	g_assert_cmpint(journal_append(j, &ev, NULL), ==, 0);
	journal_close(j);
	g_assert_cmpint(read_back(NULL), ==, 4);
	tear_down();
}

/* A damaged line is never skipped over: file and line are named. */
static void test_damage(void)
{
	set_up();
	write_some(4);
	g_autofree char *data = NULL;
	gsize len;
	g_assert_true(g_file_get_contents(path, &data, &len, NULL));
	char *second = strchr(data, '\n') + 1;
	second[1] = '\0';
	g_assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
	struct error why = { 0 };
	g_assert_cmpint(read_back(&why), ==, -EINVAL);
	g_assert_nonnull(strstr(why.text, "journal:2: "));
	tear_down();
}

static int read_as(const char *data, gsize len, struct error *error)
{
	g_assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
	return read_back(error);
}

/* Whichever bit flips, it is noticed; and each refusal names the line, or one after it. */
static void test_flipped_bits(void)
{
	set_up();
	write_some(4);
	g_autofree char *data = NULL;
	gsize len;
	g_assert_true(g_file_get_contents(path, &data, &len, NULL));
	for (gsize bit = 0; bit < 8 * len; bit++) {
		struct error why = { 0 };
		data[bit / 8] ^= (char)(1 << bit % 8);
		g_assert_cmpint(read_as(data, len, &why), ==, -EINVAL);
		g_assert_nonnull(strstr(why.text, "journal:"));
		data[bit / 8] ^= (char)(1 << bit % 8);
	}
	g_assert_cmpint(read_as(data, len, NULL), ==, 4);
	tear_down();
}

/* Wherever the file ends, the whole lines before are there. */
static void test_missing_tail(void)
{
	set_up();
	write_some(4);
	g_autofree char *data = NULL;
	gsize len;
	int lines = 0;
	g_assert_true(g_file_get_contents(path, &data, &len, NULL));
	for (gsize n = 0; n < len; n++) {
		g_assert_cmpint(read_as(data, n, NULL), ==, lines);
		lines += data[n] == '\n';
	}
	tear_down();
}

/* Of before there were checksums: taken, and what is appended has them. */
static void test_without_sums(void)
{
	static const char old[] = "{\"event\":\"run_started\",\"time\":1,\"step\":0,\"run\":0}\n"
				  "{\"event\":\"run_started\",\"time\":1,\"step\":1,\"run\":0}\n";
	g_autofree char *data = NULL;
	set_up();
	g_assert_cmpint(read_as(old, strlen(old), NULL), ==, 2);
	struct journal *j;
	int seen = 0;
	struct event ev = run_started(2);
	g_assert_cmpint(journal_open(path, &disk_real, count, &seen, &j, NULL), ==, 0);
	g_assert_cmpint(journal_append(j, &ev, NULL), ==, 0);
	journal_close(j);
	g_assert_cmpint(read_back(NULL), ==, 3);
	g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
	g_assert_nonnull(strstr(data, ",\"sum\":\""));
	tear_down();
}

/* A full disk: the event did not happen, and the journal goes on when there is room. */
static void test_full(void)
{
	set_up();
	write_some(2);
	struct journal *j;
	int seen = 0;
	struct rlimit old, limit;
	g_assert_cmpint(journal_open(path, &disk_real, count, &seen, &j, NULL), ==, 0);
	struct event ev = run_started(2);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	GStatBuf st;
	g_stat(path, &st);
	limit = (struct rlimit){ .rlim_cur = (rlim_t)st.st_size + 10, .rlim_max = old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit); /* room for ten more bytes */
	struct error why = { 0 };
	g_assert_cmpint(journal_append(j, &ev, &why), ==, -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	g_assert_cmpint(read_back(NULL), ==, 2);
	g_assert_cmpint(journal_append(j, &ev, NULL), ==, 0);
	journal_close(j);
	g_assert_cmpint(read_back(NULL), ==, 3);
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/journal/append-and-replay", test_append_and_replay);
	g_test_add_func("/journal/torn-tail", test_torn_tail);
	g_test_add_func("/journal/half-a-record", test_half_a_record);
	g_test_add_func("/journal/damage", test_damage);
	g_test_add_func("/journal/flipped-bits", test_flipped_bits);
	g_test_add_func("/journal/missing-tail", test_missing_tail);
	g_test_add_func("/journal/without-sums", test_without_sums);
	g_test_add_func("/journal/full", test_full);
	return g_test_run();
}
