/*
 * fs-probe: what shell tests cannot do by themselves.
 *
 *   fs-probe poll FILE TEXT SECONDS   opens FILE, reads it, waits with poll(POLLPRI) until its
 *                                     content is TEXT; says how often it was woken
 *   fs-probe json FILE KEY...         value at KEY of KEY ... (strings plain, else JSON)
 *   fs-probe start FILE TEXT          writes TEXT and reads the answer through one descriptor
 *   fs-probe write FILE SIZE          one write(2) of SIZE bytes
 *   fs-probe stale FILE COMMAND       opens FILE, runs COMMAND, then reads and writes the handle
 *
 * Errors are printed as the name of the errno, exit status 1; a time-out has status 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int fail(void)
{
	const char *name = strerrorname_np(errno);
	puts(name ? name : "?");
	return 1;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int do_poll(const char *file, const char *want, double seconds)
{
	int fd = open(file, O_RDONLY), woken = 0;
	double end = now() + seconds;
	if (fd < 0)
		return fail();
	for (;;) {
		char text[256];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return fail();
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, want) == 0)
			break;
		int left = (int)((end - now()) * 1000);
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		if (left <= 0 || poll(&p, 1, left) == 0) {
			printf("still '%s' after %d wakes\n", text, woken);
			return 2;
		}
		woken++;
	}
	printf("%d\n", woken);
	return 0;
}

static int do_json(const char *file, char **keys)
{
	json_error_t why;
	json_t *j = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
	if (!j) {
		printf("%s:%d: %s\n", file, why.line, why.text);
		return 1;
	}
	for (; *keys; keys++)
		j = json_is_array(j) ? json_array_get(j, (size_t)atoi(*keys))
				     : json_object_get(j, *keys);
	if (json_is_string(j))
		puts(json_string_value(j));
	else
		puts(j ? json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT) : "missing");
	return j ? 0 : 1;
}

static int do_start(const char *file, const char *text)
{
	char name[256];
	int fd = open(file, O_RDWR);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fail();
	ssize_t n = read(fd, name, sizeof(name) - 1);
	if (n < 0)
		return fail();
	name[n] = '\0';
	fputs(name, stdout);
	return read(fd, name, sizeof(name)) == 0 ? 0 : 1; /* once */
}

static int do_write(const char *file, size_t size)
{
	char *data = malloc(size + 1);
	int fd = open(file, O_WRONLY);
	memset(data, 'x', size);
	if (fd < 0 || write(fd, data, size) < 0 || close(fd) < 0)
		return fail();
	return 0;
}

static int do_stale(const char *file, const char *command)
{
	char c;
	int fd = open(file, O_RDWR);
	if (fd < 0)
		return fail();
	if (system(command) != 0)
		return 3;
	errno = 0;
	printf("%s ", read(fd, &c, 1) < 0 ? strerrorname_np(errno) : "0");
	errno = 0;
	printf("%s\n", write(fd, "x", 1) < 0 ? strerrorname_np(errno) : "0");
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "poll") == 0 && argc == 5)
		return do_poll(argv[2], argv[3], atof(argv[4]));
	if (strcmp(word, "json") == 0 && argc >= 3)
		return do_json(argv[2], argv + 3);
	if (strcmp(word, "start") == 0 && argc == 4)
		return do_start(argv[2], argv[3]);
	if (strcmp(word, "write") == 0 && argc == 4)
		return do_write(argv[2], (size_t)atol(argv[3]));
	if (strcmp(word, "stale") == 0 && argc == 4)
		return do_stale(argv[2], argv[3]);
	fputs("fs-probe: see its source\n", stderr);
	return 64;
}
