/*
 *   make modules ─► make modules_install ─► tar ─► modules.tar, copied out of the object directory
 *
 * tar packs in a fixed order and without times and owners, so that equal modules make equal
 * archives. It runs in the cage as make does: what lies below the object directory is the tree's.
 */
#include "modules.h"

#include "command.h"
#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "image.h"
#include "make.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_LIMIT ((gsize)16 << 20)
#define ARCHIVE "modules.tar"
#define ARCHIVE_LIMIT ((off_t)8 << 30)

bool modules_are_configured(const struct build *b)
{
	gsize len;
	g_autofree char *config = file_read_below(b->obj, ".config", CONFIG_LIMIT, &len);
	return config && (g_str_has_prefix(config, "CONFIG_MODULES=y\n") ||
			  strstr(config, "\nCONFIG_MODULES=y\n"));
}

static err_t install(struct build *b, const char *dir, bool *ok, struct error *error)
{
	g_autofree char *path = g_strdup_printf("INSTALL_MOD_PATH=%s", dir);
	g_auto(GStrv) argv = make_command(b, b->obj, "modules_install");
	GPtrArray *words = g_ptr_array_new();
	command_add_words(words, argv);
	command_add_words(words, (char *[]){ path, (char *)"INSTALL_MOD_STRIP=1", NULL });
	g_ptr_array_add(words, NULL);
	g_auto(GStrv) all = (GStrv)g_ptr_array_free(words, FALSE);
	int status = -1;
	err_t err = command_run(b, all, &status, error);
	*ok = !err && status == 0;
	return err;
}

static err_t pack(struct build *b, const char *dir, const char *archive, bool *ok,
		  struct error *error)
{
	GPtrArray *words = g_ptr_array_new();
	command_add_launcher(b, words);
	/* `build` and `source` are links into directories of this machine */
	command_add_words(words, (char *[]){ (char *)"tar", (char *)"-C", (char *)dir,
					     (char *)"--sort=name", (char *)"--mtime=@0",
					     (char *)"--owner=0", (char *)"--group=0",
					     (char *)"--numeric-owner",
					     (char *)"--exclude=lib/modules/*/build",
					     (char *)"--exclude=lib/modules/*/source",
					     (char *)"-cf", (char *)archive, (char *)"lib", NULL });
	g_ptr_array_add(words, NULL);
	g_auto(GStrv) argv = (GStrv)g_ptr_array_free(words, FALSE);
	int status = -1;
	err_t err = command_run(b, argv, &status, error);
	*ok = !err && status == 0;
	return err;
}

static err_t take_archive(struct build *b, bool *ok, struct error *error)
{
	int fd = file_open_below(b->obj, ARCHIVE);
	struct stat st = { 0 };
	err_t err = 0;
	*ok = fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= ARCHIVE_LIMIT;
	if (*ok) {
		g_autofree char *to = g_build_filename(b->rq->dir, ARCHIVE, NULL);
		err = image_copy(fd, st.st_size, to, error);
		g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
		digest_text(sum, b->result->signature);
		digest_file(sum, to);
		g_free(b->result->signature);
		b->result->signature = g_strdup(g_checksum_get_string(sum));
	} else {
		build_note(b, "error: no " ARCHIVE " was made\n");
	}
	if (fd >= 0)
		close(fd);
	return err;
}

err_t modules_collect(struct build *b, bool *ok, struct error *error)
{
	g_autofree char *dir = g_build_filename(b->obj, "modules", NULL);
	g_autofree char *archive = g_build_filename(b->obj, ARCHIVE, NULL);
	err_t err = file_remove_tree(dir, error);
	if (!err)
		err = build_mkdir(b, dir, error);
	if (err)
		return err;
	unlink(archive); /* an earlier commit's */
	err = make_target(b, b->obj, "modules", ok, error);
	if (!err && *ok)
		err = install(b, dir, ok, error);
	if (!err && *ok)
		err = pack(b, dir, archive, ok, error);
	if (!err && *ok)
		err = take_archive(b, ok, error);
	return err;
}
