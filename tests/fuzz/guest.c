/*
 * What a user gives a guest: the reproducer, recognised and taken as it is, and a further file of
 * any name, in the cpio archive; read back from there they are what they were.
 */
#include "engine/build/prepare.h"
#include "engine/base/file.h"
#include "vmm/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *dir, *files, *source, *program, *archive;

static void set_up(void)
{
	dir = g_dir_make_tmp("bisectfs-fuzz-XXXXXX", NULL);
	files = g_build_filename(dir, "files", NULL);
	source = g_build_filename(dir, "source", NULL);
	program = g_build_filename(dir, "program", NULL);
	archive = g_build_filename(dir, "archive", NULL);
}

static void clean_up(void)
{
	file_remove_tree(dir, NULL);
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* The last entry of the name, which is the one that counts when the guest unpacks it. */
static char *unpack(const char *wanted, gsize *len)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	char *found = NULL;
	int rc;
	archive_read_support_format_cpio(a);
	must(archive_read_open_filename(a, archive, 16384) == ARCHIVE_OK);
	while ((rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		if (strcmp(archive_entry_pathname(entry), wanted) != 0)
			continue;
		*len = (gsize)archive_entry_size(entry);
		g_free(found);
		found = g_malloc(*len + 1);
		must(archive_read_data(a, found, *len) == (la_ssize_t)*len);
	}
	must(rc == ARCHIVE_EOF);
	archive_read_free(a);
	return found;
}

static void check(const char *name, const uint8_t *data, size_t size)
{
	gsize len = 0;
	g_autofree char *found = unpack(name, &len);
	must(found && len == size && memcmp(found, data, size) == 0);
}

/* As the mount takes one: not hidden, at most 255 bytes, no slash. */
static char *file_name(const uint8_t **data, size_t *size)
{
	size_t n = *size ? MIN(**data % 64 + 1u, *size) : 0;
	char *name = g_strndup((const char *)*data, n);
	g_strdelimit(name, "/", '_');
	if (!*name || *name == '.') {
		g_free(name);
		name = g_strdup("file");
	}
	*data += n;
	*size -= n;
	return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings;
	struct error why;
	struct stat st;
	if (!dir) {
		set_up();
		atexit(clean_up);
	}
	/* anything else is C, and compiled */
	bool known = size > 4 && (memcmp(data, "#!", 2) == 0 || memcmp(data, "\177ELF", 4) == 0);
	if (!known)
		return -1;
	g_autofree char *name = NULL;
	const uint8_t *rest = data + 4;
	size_t left = size - 4;
	settings_init(&settings);
	must(file_mkdir(files, NULL) == 0);
	must(file_write(source, data, size, 0600, NULL) == 0);
	struct spawn_limits limits = { 0 };
	must(prepare_reproducer(source, program, &settings, (struct spawn_user){ 0 }, &limits,
				&why) == 0);
	must(stat(program, &st) == 0 && (st.st_mode & 0777) == 0700);
	name = file_name(&rest, &left);
	g_autofree char *path = g_build_filename(files, name, NULL);
	must(g_file_set_contents(path, (const char *)rest, (gssize)left, NULL));
	struct initramfs in = { .init = program,
				.busybox = program,
				.applets = (char *[]){ "sh", NULL },
				.reproducer = program,
				.files = files,
				.words = &(struct console_words){ .word = { "" } } };
	must(initramfs_write(&in, archive, &why) == 0);
	check("bisect/reproducer", data, size);
	check("init", data, size);
	g_autofree char *inside = g_strdup_printf("bisect/%s", name);
	if (strcmp(name, "reproducer") != 0)
		check(inside, rest, left);
	unlink(path);
	settings_clear(&settings);
	return 0;
}
