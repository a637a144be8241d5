/*
 * A crowd of users of a mount.
 *
 *   crowd readers MNT NAME N                N readers block, half in NAME/wait, half in events,
 * until NAME ends; each must get its answer crowd clients MNT NAME N SECONDS SEED   N clients do
 * what comes to their mind, at random, and must neither hang nor see what cannot be
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define STACK (64 << 10)
#define HANG_S 60 /* an operation that takes longer hangs */

static const char *mnt, *name;

static void die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- readers that wait ---- */

static atomic_int blocked, answered, wrong;

static void *read_wait(void *arg)
{
	int fd = *(int *)arg;
	char text[4096];
	atomic_fetch_add(&blocked, 1);
	ssize_t n = read(fd, text, sizeof(text));
	if (n <= 0 || strncmp(text, "culprit ", 8) != 0)
		atomic_fetch_add(&wrong, 1);
	atomic_fetch_add(&answered, 1);
	return NULL;
}

/* Until the line that says that the bisection is over. */
static void *read_events(void *arg)
{
	int fd = *(int *)arg;
	char text[65536];
	bool over = false;
	atomic_fetch_add(&blocked, 1);
	while (!over) {
		ssize_t n = read(fd, text, sizeof(text) - 1);
		if (n <= 0) {
			atomic_fetch_add(&wrong, 1);
			break;
		}
		text[n] = '\0';
		over = strstr(text, "\"concluded\"") != NULL;
	}
	atomic_fetch_add(&answered, 1);
	return NULL;
}

static int readers(int n)
{
	pthread_t *threads = calloc((size_t)n, sizeof(*threads));
	int *fds = calloc((size_t)n, sizeof(*fds));
	pthread_attr_t attr;
	char path[2][4096];
	struct rlimit files = { (rlim_t)n + 100, (rlim_t)n + 100 }, old;
	getrlimit(RLIMIT_NOFILE, &old);
	files.rlim_max = files.rlim_max > old.rlim_max ? files.rlim_max : old.rlim_max;
	if (old.rlim_cur < files.rlim_cur && setrlimit(RLIMIT_NOFILE, &files) != 0)
		die("setrlimit");
	snprintf(path[0], sizeof(path[0]), "%s/%s/wait", mnt, name);
	snprintf(path[1], sizeof(path[1]), "%s/events", mnt);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK * 2);
	for (int i = 0; i < n; i++) {
		fds[i] = open(path[i % 2], O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			die(path[i % 2]);
		if (pthread_create(&threads[i], &attr, i % 2 ? read_events : read_wait, &fds[i]))
			die("thread");
	}
	while (atomic_load(&blocked) < n)
		usleep(10000);
	printf("%d readers wait\n", n);
	fflush(stdout);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("%d readers were answered, %d wrongly\n", atomic_load(&answered),
	       atomic_load(&wrong));
	return atomic_load(&wrong) != 0;
}

/* ---- clients ---- */

static const char *const places[] = { "",
				      "status",
				      "status.json",
				      "README",
				      "last_error",
				      "new",
				      "new/settings",
				      "new/start",
				      "last",
				      "last/log",
				      "nothing",
				      "new/settings/files",
				      "new/settings/runs",
				      "new/settings/config",
				      "events" };
static const char *const below[] = { "",
				     "state",
				     "log",
				     "status",
				     "verdict",
				     "steps",
				     "steps/0",
				     "steps/0/runs",
				     "steps/0/runs/0.log",
				     "steps/1/build.log",
				     "settings",
				     "settings/runs",
				     "report",
				     "report/commit",
				     "nothing",
				     "start",
				     "control" };

static void pick_path(char *path, size_t size)
{
	if (random() % 2)
		snprintf(path, size, "%s/%s", mnt,
			 places[random() % (long)(sizeof(places) / sizeof(*places))]);
	else if (random() % 4)
		snprintf(path, size, "%s/%s/%s", mnt, name,
			 below[random() % (long)(sizeof(below) / sizeof(*below))]);
	else
		snprintf(path, size, "%s/d%ld", mnt, random() % 20);
}

static void check_state(void)
{
	static const char *const words[] = { "queued\n", "running\n", "done\n" };
	char path[4096], text[64];
	snprintf(path, sizeof(path), "%s/%s/state", mnt, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(text, words[i]) == 0)
			return;
	}
	fprintf(stderr, "crowd: state is '%s'\n", text);
	exit(1);
}

static void write_something(const char *path)
{
	static const char *const texts[] = { "",
					     "\n",
					     "7\n",
					     "no such revision\n",
					     "resume\n",
					     "retest 99\n",
					     "\377\376",
					     "a\0b",
					     "0123456789012345678901234567890123456789\n" };
	const char *text = texts[random() % (long)(sizeof(texts) / sizeof(*texts))];
	int fd = open(path, (random() % 2 ? O_WRONLY : O_RDWR) | (random() % 2 ? O_TRUNC : 0) |
				    O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (pwrite(fd, text, strlen(text), random() % 3 ? 0 : random() % 100000) < 0)
		errno = 0; /* refused is an answer */
	if (random() % 2 && fsync(fd) != 0)
		errno = 0;
	close(fd);
}

static void read_something(const char *path)
{
	char text[8192];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !strstr(path, "/events")) {
		off_t at = random() % 3 ? 0 : random() % (st.st_size + 100);
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		if (pread(fd, text, (size_t)(random() % (long)sizeof(text)), at) < 0)
			errno = 0;
		poll(&p, 1, 0);
	}
	close(fd);
}

static void list(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		if (random() % 10 == 0)
			rewinddir(d);
		if (random() % 50 == 0)
			break;
	}
	if (d)
		closedir(d);
}

/* All but what would end or change the search that goes on. */
static void do_something(void)
{
	char path[4096], other[4096];
	struct stat st;
	pick_path(path, sizeof(path));
	pick_path(other, sizeof(other));
	alarm(HANG_S);
	int what = (int)(random() % 20);
	int rc = 0;
	switch (what) {
	case 0:
		rc = mkdir(path, 0755);
		break;
	case 1:
		if (!strstr(path, name))
			rc = rmdir(path);
		break;
	case 2:
		rc = rename(path, other);
		break;
	case 3:
		rc = link(path, other);
		break;
	case 4:
		rc = symlink("x", path);
		break;
	case 5:
		rc = unlink(path);
		break;
	case 6:
		rc = mknod(path, S_IFIFO | 0600, 0);
		break;
	case 7:
		rc = truncate(path, random() % 3 ? 0 : 1L << (random() % 50));
		break;
	case 8:
		rc = setxattr(path, "user.x", "y", 1, 0);
		break;
	case 9:
		rc = (int)getxattr(path, "user.x", other, sizeof(other));
		break;
	case 10:
	case 11:
		write_something(path);
		break;
	case 12:
		list(path);
		break;
	case 13:
		rc = access(path, (int)(random() % 8));
		break;
	case 14:
		check_state();
		break;
	case 15:
		rc = stat(path, &st);
		break;
	default:
		read_something(path);
	}
	alarm(0);
	(void)rc; /* refused is an answer */
}

static void hangs(int signal)
{
	static const char text[] = "crowd: an operation hangs\n";
	(void)signal;
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void client(unsigned seed, int seconds)
{
	time_t end = time(NULL) + seconds;
	long n = 0;
	srandom(seed);
	signal(SIGALRM, hangs);
	for (; time(NULL) < end; n++)
		do_something();
	exit(n == 0);
}

static int clients(int n, int seconds, unsigned seed)
{
	int status, bad = 0;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid == 0)
			client(seed + (unsigned)i, seconds);
		if (pid < 0)
			die("fork");
	}
	for (int i = 0; i < n; i++) {
		if (wait(&status) > 0)
			bad += status != 0;
	}
	printf("%d clients, %d failed\n", n, bad);
	return bad != 0;
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fputs("usage: crowd readers|clients MNT NAME N [SECONDS SEED]\n", stderr);
		return 2;
	}
	mnt = argv[2];
	name = argv[3];
	if (strcmp(argv[1], "readers") == 0)
		return readers(atoi(argv[4]));
	return clients(atoi(argv[4]), argc > 5 ? atoi(argv[5]) : 10,
		       argc > 6 ? (unsigned)atoi(argv[6]) : 1);
}
