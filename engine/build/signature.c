/*
 * libelf maps the file and gives the sections' bytes as they lie there; a kernel in another format
 * is read as it is.
 */
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <glib.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST 32

/* Sections share no bytes, so that together they have not more than the file; a file in which each
 * of thousands names all bytes would be hashed for ever. */
static err_t hash_sections(Elf *elf, guint64 size, GChecksum *total, int *hashed)
{
	Elf_Scn *scn = NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(scn, &shdr))
			return -EINVAL;
		if (!(shdr.sh_flags & SHF_ALLOC) || shdr.sh_type == SHT_NOBITS ||
		    shdr.sh_type == SHT_NOTE || shdr.sh_size == 0)
			continue;
		if (shdr.sh_size > size)
			return -EINVAL;
		size -= shdr.sh_size;
		Elf_Data *data = elf_rawdata(scn, NULL);
		if (!data || data->d_size != shdr.sh_size || !data->d_buf)
			return -EINVAL;
		g_autoptr(GChecksum) one = g_checksum_new(G_CHECKSUM_SHA256);
		g_checksum_update(one, data->d_buf, (gssize)data->d_size);
		guint8 digest[DIGEST];
		gsize len = sizeof(digest);
		g_checksum_get_digest(one, digest, &len);
		g_checksum_update(total, digest, (gssize)len);
		++*hashed;
	}
	return 0;
}

static err_t hash_file(int fd, GChecksum *total)
{
	char buf[65536];
	ssize_t n;
	off_t size = 0;
	while ((n = pread(fd, buf, sizeof(buf), size)) > 0) {
		g_checksum_update(total, (const guchar *)buf, n);
		size += n;
	}
	return n < 0 ? -errno : size == 0 ? -EINVAL : 0;
}

err_t signature_of(const char *path, char *hex, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "cannot read %s: %s", path, g_strerror(errno));
	char magic[4] = "";
	g_autoptr(GChecksum) total = g_checksum_new(G_CHECKSUM_SHA256);
	err_t err;
	if (pread(fd, magic, sizeof(magic), 0) == 4 && memcmp(magic, "\177ELF", 4) == 0) {
		elf_version(EV_CURRENT);
		Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
		int hashed = 0;
		struct stat st;
		err = elf && fstat(fd, &st) == 0
			      ? hash_sections(elf, (guint64)st.st_size, total, &hashed)
			      : -EINVAL;
		if (!err && !hashed)
			err = -EINVAL;
		elf_end(elf);
	} else {
		err = hash_file(fd, total);
	}
	close(fd);
	if (err)
		return error_set(error, -err, "%s holds no code that could be compared", path);
	g_strlcpy(hex, g_checksum_get_string(total), SIGNATURE_HEX + 1);
	return 0;
}

bool signature_has_debug(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *scn = NULL;
	size_t names;
	bool found = false;
	elf_version(EV_CURRENT);
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	if (elf && elf_kind(elf) == ELF_K_ELF && elf_getshdrstrndx(elf, &names) == 0) {
		while (!found && (scn = elf_nextscn(elf, scn))) {
			GElf_Shdr shdr;
			const char *name = gelf_getshdr(scn, &shdr)
						   ? elf_strptr(elf, names, shdr.sh_name)
						   : NULL;
			found = name && strcmp(name, ".debug_info") == 0;
		}
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}
