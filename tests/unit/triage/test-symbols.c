/* A vmlinux that means harm: what it could make the daemon allocate is bounded. That positions are
 * right is tested against addr2line by tests/system/symbols-vs-addr2line. */
#include "engine/triage/symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* An ELF file with one section of this type and size, all of it a hole. */
static char *make_elf(guint32 type, guint64 flags, guint64 size, const Elf64_Chdr *compressed)
{
	char *path = g_build_filename(g_get_tmp_dir(), "test-symbols-XXXXXX", NULL);
	int fd = g_mkstemp(path);
	Elf64_Shdr sections[2] = { 0 };
	Elf64_Ehdr header = { .e_type = ET_EXEC,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_shoff = sizeof(header),
			      .e_ehsize = sizeof(header),
			      .e_shentsize = sizeof(*sections),
			      .e_shnum = G_N_ELEMENTS(sections) };
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	sections[1] = (Elf64_Shdr){ .sh_type = type,
				    .sh_flags = flags,
				    .sh_offset = sizeof(header) + sizeof(sections),
				    .sh_size = size,
				    .sh_entsize = type == SHT_SYMTAB ? sizeof(Elf64_Sym) : 0 };
	g_assert_cmpint(write(fd, &header, sizeof(header)), ==, sizeof(header));
	g_assert_cmpint(write(fd, sections, sizeof(sections)), ==, sizeof(sections));
	if (compressed)
		g_assert_cmpint(write(fd, compressed, sizeof(*compressed)), ==,
				sizeof(*compressed));
	g_assert_cmpint(ftruncate(fd, (off_t)(sections[1].sh_offset + size)), ==, 0);
	close(fd);
	return path;
}

static err_t open_once(const char *path)
{
	struct symbols *s = NULL;
	err_t err = symbols_open(path, &s, NULL);
	symbols_close(s);
	unlink(path);
	return err;
}

static void test_many_symbols(void)
{
	g_autofree char *path = make_elf(SHT_SYMTAB, 0, (guint64)1 << 30, NULL);
	g_assert_cmpint(open_once(path), ==, -EFBIG);
	g_autofree char *few = make_elf(SHT_SYMTAB, 0, 1 << 20, NULL);
	g_assert_cmpint(open_once(few), ==, -ENODATA);
}

static void test_inflated(void)
{
	Elf64_Chdr much = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = (guint64)1 << 40 };
	g_autofree char *path = make_elf(SHT_PROGBITS, SHF_COMPRESSED, 1 << 20, &much);
	g_assert_cmpint(open_once(path), ==, -EFBIG);
	much.ch_size = 1 << 20;
	g_autofree char *little = make_elf(SHT_PROGBITS, SHF_COMPRESSED, 1 << 20, &much);
	g_assert_cmpint(open_once(little), ==, -ENODATA);
}

static void test_no_elf(void)
{
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "test-symbols-XXXXXX", NULL);
	int fd = g_mkstemp(path);
	g_assert_cmpint(write(fd, "no ELF", 6), ==, 6);
	close(fd);
	g_assert_cmpint(open_once(path), ==, -EINVAL);
	g_assert_cmpint(open_once("/nowhere/vmlinux"), ==, -ENOENT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/symbols/many", test_many_symbols);
	g_test_add_func("/symbols/inflated", test_inflated);
	g_test_add_func("/symbols/no-elf", test_no_elf);
	return g_test_run();
}
