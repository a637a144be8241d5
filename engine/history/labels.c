/*
 * Each path that differs from the parent is of one kind; a commit all of whose paths are of kinds
 * that no kernel shows has a label that names the kinds. A submodule that moves has one of its own.
 */
#include "labels.h"

#include "c_text.h"

#include <errno.h>
#include <git2.h>
#include <string.h>
#include <sys/utsname.h>

enum kind {
	KIND_DOCS,
	KIND_OTHER_ARCH,
	KIND_TESTS,
	KIND_COMMENTS,
	KIND_SYSCALLS,
	KIND_SANITIZER,
	KIND_CODE, /* anything else: no label */
};

static const char *const kind_names[KIND_CODE] = {
	[KIND_DOCS] = "documentation",
	[KIND_OTHER_ARCH] = "other architectures' files",
	[KIND_TESTS] = "tests",
	[KIND_COMMENTS] = "comments or white space",
	[KIND_SYSCALLS] = "the table of system calls",
	[KIND_SANITIZER] = "an option that switches a sanitizer on",
};

/* ---- the architecture ---- */

/* Names that differ from their directory: of ARCH (the kernel's Makefile and
 * scripts/subarch.include) and of machines. */
static const struct {
	const char *name, *dir;
} arch_names[] = {
	{ "i?86", "x86" },	 { "x86_64", "x86" },		{ "amd64", "x86" },
	{ "aarch64*", "arm64" }, { "arm64", "arm64" },		{ "arm*", "arm" },
	{ "riscv*", "riscv" },	 { "ppc*", "powerpc" },		{ "powerpc*", "powerpc" },
	{ "s390*", "s390" },	 { "sparc*", "sparc" },		{ "parisc*", "parisc" },
	{ "mips*", "mips" },	 { "loongarch*", "loongarch" }, { "sh[0-9]*", "sh" },
	{ "sh64", "sh" },	 { "sun4u", "sparc" },
};

static const char *arch_directory(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(arch_names); i++) {
		if (g_pattern_match_simple(arch_names[i].name, name))
			return arch_names[i].dir;
	}
	return name;
}

char *labels_arch(const char *make, const char *arch, const char *machine)
{
	g_auto(GStrv) words = g_strsplit_set(make, " \t", -1);
	const char *name = *arch ? arch : machine;
	for (char **w = words; *w; w++) {
		if (g_str_has_prefix(*w, "ARCH=") && (*w)[5])
			name = *w + 5;
	}
	return g_strdup(arch_directory(name));
}

/* Directories below arch/ whose files are in a kernel of another architecture too. */
static bool is_shared(const char *path, const char *arch, const char *machine)
{
	if (strcmp(arch, "um") == 0) /* runs on the machine: its arch/X/um and headers */
		return g_str_has_prefix(path, machine);
	/* arm64 builds the Xen and, in its time, the KVM code of arm */
	return strcmp(arch, "arm64") == 0 && g_str_has_prefix(path, "arm/") &&
	       (strstr(path, "/xen") || strstr(path, "/kvm"));
}

static bool is_other_arch(const char *path, const char *arch, const char *machine)
{
	const char *below = g_str_has_prefix(path, "arch/") ? path + 5 : NULL;
	const char *slash = below ? strchr(below, '/') : NULL;
	if (!slash)
		return false;
	gsize len = (gsize)(slash - below);
	bool own = strlen(arch) == len && strncmp(below, arch, len) == 0;
	return !own && !is_shared(below, arch, machine);
}

/* ---- by their paths ---- */

static bool matches(const char *path, const char *const *patterns, gsize n)
{
	g_autofree char *base = g_path_get_basename(path);
	for (gsize i = 0; i < n; i++) {
		const char *text = strchr(patterns[i], '/') ? path : base;
		if (g_pattern_match_simple(patterns[i], text))
			return true;
	}
	return false;
}

static const char *const docs[] = { "Documentation/*", "*.rst",	     "*.txt",  "MAINTAINERS",
				    ".mailmap",	       "LICENSES/*", "CREDITS" };
static const char *const tests[] = { "tools/testing/*", "samples/*", "lib/*kunit*" };
static const char *const syscalls[] = {
	"arch/*/entry/syscalls/*.tbl",
	"arch/*/kernel/syscalls/*.tbl",
	"arch/*/tools/syscall*.tbl",
	"arch/*/include/asm/unistd*.h",
	"arch/*/include/uapi/asm/unistd*.h",
	"include/uapi/asm-generic/unistd.h",
	"include/linux/syscalls.h",
	"kernel/sys_ni.c",
	"scripts/syscall.tbl",
};
static const char *const sanitizers[] = {
	"lib/Kconfig.kasan",	  "lib/Kconfig.kmsan",	    "lib/Kconfig.kcsan",
	"lib/Kconfig.ubsan",	  "lib/Kconfig.kfence",	    "scripts/Makefile.kasan",
	"scripts/Makefile.kmsan", "scripts/Makefile.kcsan", "scripts/Makefile.ubsan",
};
/* Where options are switched; what is switched is in the lines. */
static const char *const switches[] = { "Kconfig*", "*defconfig", "*.config" };

/* ---- by their content ---- */

struct commit_diff {
	struct repo *repo;
	git_diff *diff;
	char *arch, *machine; /* directories below arch/ */
};

static err_t git_failed(struct error *error, int code)
{
	const git_error *e = git_error_last();
	return error_set(error, code, "cannot look at the commit's changes: %s",
			 e && e->message ? e->message : "failed");
}

static bool is_file(const git_diff_file *f)
{
	return f->mode == GIT_FILEMODE_BLOB || f->mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

static err_t only_comments(const struct commit_diff *d, const git_diff_delta *delta, bool *yes,
			   struct error *error)
{
	git_repository *git = repo_git(d->repo);
	git_blob *old = NULL, *new = NULL;
	const char *path = delta->new_file.path;
	*yes = false;
	if (delta->status != GIT_DELTA_MODIFIED || !is_file(&delta->old_file) ||
	    delta->old_file.mode != delta->new_file.mode ||
	    (!g_str_has_suffix(path, ".c") && !g_str_has_suffix(path, ".h")))
		return 0;
	int rc = git_blob_lookup(&old, git, &delta->old_file.id);
	if (rc == 0)
		rc = git_blob_lookup(&new, git, &delta->new_file.id);
	if (rc == 0)
		*yes = c_text_same(git_blob_rawcontent(old), (gsize)git_blob_rawsize(old),
				   git_blob_rawcontent(new), (gsize)git_blob_rawsize(new));
	git_blob_free(old);
	git_blob_free(new);
	return rc ? git_failed(error, ENOENT) : 0;
}

/* Whether the line is about a sanitizer; blank ones and comments are about nothing (`plain`), but
 * "# CONFIG_KASAN is not set" is about one. */
static bool names_sanitizer(const char *line, gsize len, bool *plain)
{
	static const char *const words[] = { "KASAN", "KMSAN", "KCSAN", "UBSAN", "KFENCE" };
	g_autofree char *text = g_strstrip(g_strndup(line, len));
	*plain = !*text || (*text == '#' && !g_str_has_prefix(text, "# CONFIG_"));
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strstr(text, words[i]))
			return true;
	}
	return false;
}

/* Whether every line that is new or gone is about a sanitizer. */
static err_t only_switches(const struct commit_diff *d, size_t i, bool *yes, struct error *error)
{
	git_patch *patch = NULL;
	bool others = false;
	*yes = false;
	if (git_patch_from_diff(&patch, d->diff, i) != 0)
		return git_failed(error, ENOENT);
	size_t hunks = patch ? git_patch_num_hunks(patch) : 0;
	for (size_t h = 0; h < hunks; h++) {
		int lines = git_patch_num_lines_in_hunk(patch, h);
		for (int l = 0; l < lines; l++) {
			const git_diff_line *line;
			bool plain, names;
			if (git_patch_get_line_in_hunk(&line, patch, h, (size_t)l) != 0 ||
			    (line->origin != GIT_DIFF_LINE_ADDITION &&
			     line->origin != GIT_DIFF_LINE_DELETION))
				continue;
			names = names_sanitizer(line->content, line->content_len, &plain);
			*yes = *yes || names;
			others = others || (!names && !plain);
		}
	}
	*yes = *yes && !others;
	git_patch_free(patch);
	return 0;
}

/* ---- the whole ---- */

static err_t kind_of(const struct commit_diff *d, size_t i, enum kind *kind, struct error *error)
{
	const git_diff_delta *delta = git_diff_get_delta(d->diff, i);
	const char *path = delta->new_file.path;
	bool yes = false;
	err_t err = 0;
	*kind = KIND_CODE;
	if (is_other_arch(path, d->arch, d->machine))
		*kind = KIND_OTHER_ARCH;
	else if (matches(path, docs, G_N_ELEMENTS(docs)))
		*kind = KIND_DOCS;
	else if (matches(path, tests, G_N_ELEMENTS(tests)))
		*kind = KIND_TESTS;
	else if (matches(path, sanitizers, G_N_ELEMENTS(sanitizers)))
		*kind = KIND_SANITIZER;
	if (*kind != KIND_CODE)
		return 0;
	if (matches(path, switches, G_N_ELEMENTS(switches))) {
		err = only_switches(d, i, &yes, error);
		*kind = yes ? KIND_SANITIZER : KIND_CODE;
		return err;
	}
	err = only_comments(d, delta, &yes, error);
	if (yes)
		*kind = KIND_COMMENTS;
	else if (matches(path, syscalls, G_N_ELEMENTS(syscalls)))
		*kind = KIND_SYSCALLS;
	return err;
}

static char *label_of(const bool *kinds)
{
	GString *out = g_string_new("only ");
	int n = 0, named = 0;
	for (int k = 0; k < KIND_CODE; k++)
		n += kinds[k];
	for (int k = 0; k < KIND_CODE; k++) {
		if (!kinds[k])
			continue;
		const char *joint = !named ? "" : named + 1 < n ? ", " : " and ";
		g_string_append_printf(out, "%s%s", joint, kind_names[k]);
		named++;
	}
	bool plural = n > 1 || kinds[KIND_TESTS] || kinds[KIND_OTHER_ARCH] || kinds[KIND_COMMENTS];
	g_string_append(out, plural ? " are touched" : " is touched");
	return g_string_free(out, FALSE);
}

static err_t label_diff(const struct commit_diff *d, GPtrArray *labels, struct error *error)
{
	bool kinds[KIND_CODE] = { 0 };
	size_t n = git_diff_num_deltas(d->diff);
	if (!n)
		g_ptr_array_add(labels, g_strdup("no file is touched"));
	for (size_t i = 0; i < n; i++) {
		enum kind kind;
		err_t err = kind_of(d, i, &kind, error);
		if (err || kind == KIND_CODE)
			return err;
		kinds[kind] = true;
	}
	if (n)
		g_ptr_array_add(labels, label_of(kinds));
	return 0;
}

/* ---- submodules ---- */

#define SUBMODULES 8 /* that are named at most */

/* What is not in the repository cannot be searched in it. */
static char *submodule_label(const git_diff_delta *delta)
{
	bool before = delta->old_file.mode == GIT_FILEMODE_COMMIT;
	bool after = delta->new_file.mode == GIT_FILEMODE_COMMIT;
	char old[GIT_OID_HEXSZ + 1], new[GIT_OID_HEXSZ + 1];
	if (!before && !after)
		return NULL;
	g_autofree char *path = g_utf8_make_valid(delta->new_file.path, -1);
	for (char *c = path; *c; c++)
		*c = g_ascii_iscntrl(*c) ? '?' : *c;
	git_oid_tostr(old, sizeof(old), &delta->old_file.id);
	git_oid_tostr(new, sizeof(new), &delta->new_file.id);
	if (!before)
		return g_strdup_printf("the submodule %s is added at %s: what broke may be in it",
				       path, new);
	if (!after)
		return g_strdup_printf("the submodule %s is removed, it was at %s", path, old);
	return g_strdup_printf("the submodule %s goes from %s to %s: what broke may be in it", path,
			       old, new);
}

static void label_submodules(const struct commit_diff *d, GPtrArray *labels)
{
	size_t n = git_diff_num_deltas(d->diff);
	guint more = 0;
	for (size_t i = 0; i < n; i++) {
		char *label = submodule_label(git_diff_get_delta(d->diff, i));
		if (label && labels->len < SUBMODULES) {
			g_ptr_array_add(labels, label);
			continue;
		}
		more += label != NULL;
		g_free(label);
	}
	if (more)
		g_ptr_array_add(labels, g_strdup_printf("%u further submodules change", more));
}

static git_tree *tree_of(struct repo *repo, const struct oid *oid)
{
	git_tree *tree = NULL;
	git_oid id;
	git_oid_fromraw(&id, oid->b);
	return git_tree_lookup(&tree, repo_git(repo), &id) == 0 ? tree : NULL;
}

/* NULL: none, since it has not one parent alone, or an object is missing, which is no reason to
 * lose the answer. The commits are read by the history: libgit2 refuses those that are malformed.
 */
static err_t diff_with_parent(struct repo *repo, const struct oid *oid, git_diff **diff,
			      struct error *error)
{
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	struct history *h = repo_history(repo);
	uint32_t commit = history_number(h, oid), parent;
	options.context_lines = 0;
	err_t err = history_load(h, commit, error);
	if (err || history_parent_count(h, commit) != 1)
		return err;
	parent = history_parent(h, commit, 0);
	err = history_load(h, parent, error);
	if (err)
		return err;
	struct missing_source from = repo_missing(repo);
	err = missing_fetch_changes(&from, oid, history_oid(h, parent), error);
	if (err)
		return err;
	git_tree *tree = tree_of(repo, history_tree(h, commit));
	git_tree *old = tree_of(repo, history_tree(h, parent));
	if (tree && old && git_diff_tree_to_tree(diff, repo_git(repo), old, tree, &options) != 0)
		*diff = NULL;
	git_tree_free(old);
	git_tree_free(tree);
	return 0;
}

static const char *machine_name(struct utsname *un)
{
	return uname(un) == 0 ? un->machine : "";
}

err_t labels_of_commit(struct repo *repo, const struct oid *oid, const struct settings *settings,
		       GStrv *out, struct error *error)
{
	GPtrArray *labels = g_ptr_array_new_with_free_func(g_free);
	struct utsname un;
	const char *machine = machine_name(&un);
	struct commit_diff d = { .repo = repo,
				 .arch = labels_arch(settings_text(settings, SET_MAKE),
						     settings_text(settings, SET_ARCH), machine),
				 .machine = labels_arch("", "", machine) };
	err_t err = diff_with_parent(repo, oid, &d.diff, error);
	if (!err && d.diff)
		label_submodules(&d, labels);
	if (!err && d.diff)
		err = label_diff(&d, labels, error);
	if (err == -ENOENT) /* an object is missing: no label, and the answer as it is */
		err = 0;
	git_diff_free(d.diff);
	g_free(d.arch);
	g_free(d.machine);
	*out = NULL;
	if (labels->len) {
		g_ptr_array_add(labels, NULL);
		*out = (GStrv)g_ptr_array_steal(labels, NULL);
	}
	g_ptr_array_unref(labels);
	return err;
}
