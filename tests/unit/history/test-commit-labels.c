/*
 * What commits touch, in a repository made here: each case is a commit with its parent.
 */
#include "engine/history/labels.h"
#include "engine/history/c_text.h"
#include "engine/base/file.h"

#include <git2.h>
#include <string.h>

static git_repository *git;

static void check(int rc)
{
	if (rc != 0)
		g_error("libgit2: %s", git_error_last()->message);
}

/* A commit with these files ("PATH=CONTENT", | between); `parent` NULL: none. */
static git_oid commit(const char *files, const git_oid *parent)
{
	git_index *index = NULL;
	git_oid id;
	git_tree *tree = NULL;
	git_commit *before = NULL;
	git_signature *who = NULL;
	g_auto(GStrv) list = g_strsplit(files, "|", -1);
	check(git_index_new(&index));
	for (char **f = list; *f; f++) {
		if (!**f)
			continue;
		g_auto(GStrv) pair = g_strsplit(*f, "=", 2);
		git_index_entry entry = { .path = pair[0], .mode = GIT_FILEMODE_BLOB };
		if (*pair[1] == '@') { /* a submodule at this commit */
			entry.mode = GIT_FILEMODE_COMMIT;
			check(git_oid_fromstr(&entry.id, pair[1] + 1));
			check(git_index_add(index, &entry));
			continue;
		}
		check(git_blob_create_from_buffer(&entry.id, git, pair[1], strlen(pair[1])));
		check(git_index_add(index, &entry));
	}
	check(git_index_write_tree_to(&id, index, git));
	check(git_tree_lookup(&tree, git, &id));
	check(git_signature_new(&who, "A", "a@example.org", 1, 0));
	if (parent)
		check(git_commit_lookup(&before, git, parent));
	const git_commit *parents[] = { before };
	check(git_commit_create(&id, git, NULL, who, who, NULL, "x", tree, parent ? 1 : 0,
				parents));
	git_commit_free(before);
	git_signature_free(who);
	git_tree_free(tree);
	git_index_free(index);
	return id;
}

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

/* Built for arm64. */
static const struct {
	const char *before, *after, *label; /* NULL: none */
} cases[] = {
	{ "a.c=int a;", "a.c=int b;", NULL },
	{ "a.c=x", "a.c=x", "no file is touched" },
	{ "a/b=@" ONE "|a.c=x", "a/b=@" TWO "|a.c=y",
	  "the submodule a/b goes from " ONE " to " TWO ": what broke may be in it" },
	{ "a.c=x", "a.c=x|b=@" TWO,
	  "the submodule b is added at " TWO ": what broke may be in it" },
	{ "b=@" ONE, "a.c=x", "the submodule b is removed, it was at " ONE },
	{ "b=@" ONE "|a.c=x", "b=@" ONE "|a.c=y", NULL },
	{ "", "Documentation/a/b.dtsi=x|MAINTAINERS=y|fs/x.rst=z|.mailmap=u|a.txt=v",
	  "only documentation is touched" },
	{ "", "Documentation/a=x|mm/a.c=y", NULL },
	{ "arch/x86/a.c=x", "", "only other architectures' files are touched" },
	{ "", "arch/arm/boot/a.c=x|arch/riscv/Kconfig=y",
	  "only other architectures' files are touched" },
	{ "", "arch/arm64/a.c=x", NULL },
	{ "", "arch/Kconfig=x", NULL },
	{ "", "arch/arm/xen/enlighten.c=x", NULL }, /* arm64 builds it */
	{ "", "tools/testing/selftests/a.c=x|lib/kunit/test.c=y|lib/list_kunit.c=z|samples/a.c=u",
	  "only tests are touched" },
	{ "", "lib/list.c=x|lib/list_kunit.c=z", NULL },
	{ "", "tools/testing/a=x|README.rst=y", "only documentation and tests are touched" },
	{ "a.c=int a; /* old */", "a.c=int  a; // new",
	  "only comments or white space are touched" },
	{ "a.S=int a; /* old */", "a.S=int  a;", NULL },
	{ "a.c=int a;|b.h=x", "a.c= int a;|b.h=/* y */x|Documentation/a=z|arch/x86/b.c=u",
	  "only documentation, other architectures' files and comments or white space are "
	  "touched" },
	{ "", "include/uapi/asm-generic/unistd.h=x|kernel/sys_ni.c=y",
	  "only the table of system calls is touched" },
	{ "", "arch/arm64/tools/syscall_64.tbl=x", "only the table of system calls is touched" },
	{ "", "kernel/sys_ni.c=x|kernel/new.c=y", NULL },
	{ "", "lib/Kconfig.kasan=x", "only an option that switches a sanitizer on is touched" },
	{ "arch/arm64/configs/defconfig=CONFIG_A=y\n# CONFIG_KASAN is not set\n",
	  "arch/arm64/configs/defconfig=CONFIG_A=y\nCONFIG_KASAN=y\n# because\n",
	  "only an option that switches a sanitizer on is touched" },
	{ "arch/arm64/Kconfig=config ARM64\n",
	  "arch/arm64/Kconfig=config ARM64\n\tselect HAVE_ARCH_KCSAN\n",
	  "only an option that switches a sanitizer on is touched" },
	{ "arch/arm64/Kconfig=config ARM64\n",
	  "arch/arm64/Kconfig=config ARM64\n\tselect HAVE_ARCH_KCSAN\n\tselect PCI\n", NULL },
	{ "arch/arm64/Kconfig=config ARM64\n", "arch/arm64/Kconfig=# a word\nconfig ARM64\n",
	  NULL },
};

static GStrv labels_with(struct repo *repo, const git_oid *id, const char *make)
{
	struct settings settings;
	struct error why = { 0 };
	struct oid oid;
	GStrv labels = NULL;
	settings_init(&settings);
	g_assert_cmpint(settings_set(&settings, SET_MAKE, make, strlen(make), NULL), ==, 0);
	memcpy(oid.b, id->id, OID_BYTES);
	g_assert_cmpint(labels_of_commit(repo, &oid, &settings, &labels, &why), ==, 0);
	settings_clear(&settings);
	return labels;
}

static struct repo *open_repo(void)
{
	struct repo *repo = NULL;
	g_assert_cmpint(repo_open(git_repository_path(git), &repo, NULL), ==, 0);
	return repo;
}

static void test_paths(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		git_oid parent = commit(cases[i].before, NULL);
		git_oid child = commit(cases[i].after, &parent);
		struct repo *repo = open_repo(); /* it knows nothing of objects that came later */
		g_auto(GStrv) labels = labels_with(repo, &child, "LLVM=1 ARCH=arm64");
		if (g_strcmp0(labels ? labels[0] : NULL, cases[i].label) != 0)
			g_error("'%s' -> '%s': '%s', not '%s'", cases[i].before, cases[i].after,
				labels ? labels[0] : "none",
				cases[i].label ? cases[i].label : "none");
		repo_free(repo);
	}
}

static void test_root_and_make(void)
{
	git_oid root = commit("Documentation/a=x", NULL);
	git_oid next = commit("Documentation/a=x|arch/x86/a.c=y", &root);
	struct repo *repo = open_repo();
	g_auto(GStrv) none = labels_with(repo, &root, "");
	g_auto(GStrv) own = labels_with(repo, &next, "ARCH=i386");
	g_auto(GStrv) other = labels_with(repo, &next, "ARCH=s390");
	g_assert_null(none);
	g_assert_null(own);
	g_assert_nonnull(other);
	repo_free(repo);
}

static void test_arch(void)
{
	static const struct {
		const char *make, *arch, *machine, *want;
	} arch_cases[] = {
		{ "", "", "x86_64", "x86" },
		{ "", "", "i686", "x86" },
		{ "", "aarch64", "x86_64", "arm64" },
		{ "", "arm", "x86_64", "arm" },
		{ "ARCH=powerpc", "", "x86_64", "powerpc" },
		{ "", "ppc64le", "", "powerpc" },
		{ "CC=clang ARCH=um", "", "x86_64", "um" },
		{ "", "s390x", "", "s390" },
		{ "", "riscv64", "", "riscv" },
		{ "ARCH=m68k", "", "", "m68k" },
		{ "ARCH=arm64", "x86_64", "", "arm64" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(arch_cases); i++) {
		g_autofree char *arch =
			labels_arch(arch_cases[i].make, arch_cases[i].arch, arch_cases[i].machine);
		g_assert_cmpstr(arch, ==, arch_cases[i].want);
	}
}

static void test_c(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} c_cases[] = {
		{ "int a;", "int  a ; /* x */ // y", true },
		{ "int a;", "inta;", false },
		{ "a + b", "a+b", true },
		{ "a + + b", "a++b", false },
		{ "a / *b", "a /*b*/", false },
		{ "x = \"/* no */\";", "x = \"\";", false },
		{ "x = \"a  b\";", "x = \"a b\";", false },
		{ "x = '\"'; /* \" */ y", "x = '\"'; y", true },
		{ "x = \"\\\"/*\"; y", "x = \"\\\"/*\"; y /**/", true },
		{ "#define F (x)", "#define F(x)", false },
		{ "#define F(x)  x /* y */\nz", "#define F(x) x\n\n z", true },
		{ "#define F x\ny", "#define F x y", false },
		{ "#define F x \\\n y", "#define F x y", true },
		{ "a // b \\\n c\nd", "a d", true },
		{ "a;\nb;", "a; b;", true },
		{ "a\n#if x\nb", "a #if x\nb", false },
		{ "/* open", "", true },
		{ "a /* x */ b", "a b", true },
		{ "a/**/b", "ab", false },
		{ "a\r\nb\r\n", "a\nb\n", true },
		{ "L \"x\"", "L\"x\"", false },
		{ "f(\"a\" \"b\")", "f(\"a\"\n\"b\")", true },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(c_cases); i++) {
		const char *a = c_cases[i].a, *b = c_cases[i].b;
		if (c_text_same(a, strlen(a), b, strlen(b)) != c_cases[i].same)
			g_error("'%s' and '%s'", a, b);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	repo_library_start();
	g_autofree char *dir = g_dir_make_tmp("bisectfs-test-XXXXXX", NULL);
	check(git_repository_init(&git, dir, 1));
	g_test_add_func("/labels/c", test_c);
	g_test_add_func("/labels/arch", test_arch);
	g_test_add_func("/labels/paths", test_paths);
	g_test_add_func("/labels/root-and-make", test_root_and_make);
	int status = g_test_run();
	git_repository_free(git);
	file_remove_tree(dir, NULL);
	repo_library_stop();
	return status;
}
