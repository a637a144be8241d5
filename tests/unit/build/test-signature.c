/*
 * Signatures of ELF files made by hand.
 */
#include "engine/build/signature.h"

#include <elf.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS 4

struct file {
	Elf64_Ehdr head;
	Elf64_Shdr sections[SECTIONS]; /* the first is none */
	char code[64];
};

static char *path;

static struct file make_file(void)
{
	struct file f = { .head = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
						 ELFDATA2LSB, EV_CURRENT },
				    .e_type = ET_EXEC,
				    .e_machine = EM_X86_64,
				    .e_version = EV_CURRENT,
				    .e_shoff = offsetof(struct file, sections),
				    .e_ehsize = sizeof(Elf64_Ehdr),
				    .e_shentsize = sizeof(Elf64_Shdr),
				    .e_shnum = SECTIONS } };
	for (int i = 1; i < SECTIONS; i++)
		f.sections[i] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
					      .sh_flags = SHF_ALLOC,
					      .sh_offset = offsetof(struct file, code) + 16U * i,
					      .sh_size = 16,
					      .sh_addralign = 1 };
	return f;
}

static err_t sign(const struct file *f, char *hex)
{
	g_assert_true(g_file_set_contents(path, (const char *)f, sizeof(*f), NULL));
	return signature_of(path, hex, NULL);
}

static void test_sections(void)
{
	char first[SIGNATURE_HEX + 1], second[SIGNATURE_HEX + 1];
	struct file f = make_file();
	g_assert_cmpint(sign(&f, first), ==, 0);
	f.code[0] = 1; /* in no section */
	g_assert_cmpint(sign(&f, second), ==, 0);
	g_assert_cmpstr(first, ==, second);
	f.code[20] = 1;
	g_assert_cmpint(sign(&f, second), ==, 0);
	g_assert_cmpstr(first, !=, second);
	f.sections[1].sh_type = SHT_NOTE; /* notes are not looked at, but for what else there is */
	g_assert_cmpint(sign(&f, first), ==, 0);
	f.code[20] = 2;
	g_assert_cmpint(sign(&f, second), ==, 0);
	g_assert_cmpstr(first, ==, second);
}

/* Sections that all claim the same bytes would be hashed over and over. */
static void test_overlap(void)
{
	char hex[SIGNATURE_HEX + 1];
	struct file f = make_file();
	for (int i = 1; i < SECTIONS; i++) {
		f.sections[i].sh_offset = 0;
		f.sections[i].sh_size = sizeof(f);
	}
	g_assert_cmpint(sign(&f, hex), ==, -EINVAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_autofree char *dir = g_dir_make_tmp("bisectfs-signature-XXXXXX", NULL);
	path = g_build_filename(dir, "vmlinux", NULL);
	g_test_add_func("/signature/sections", test_sections);
	g_test_add_func("/signature/overlap", test_overlap);
	int status = g_test_run();
	unlink(path);
	rmdir(dir);
	g_free(path);
	return status;
}
