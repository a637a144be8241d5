/*
 * Whether trees compile: small ones whose Makefile does what kbuild does. Each case is a commit,
 * and what is asked about it.
 */
#include "engine/base/file.h"
#include "engine/build/kbuild.h"
#include "engine/build/slot.h"

#include <git2.h>
#include <glib.h>
#include <string.h>

static char *dir;
static git_repository *git;

/* ---- trees ---- */

#define MAKEFILE                                                                    \
	"defconfig:\n\techo CONFIG=y >$(O)/.config\n"                               \
	"olddefconfig:\n\t@:\n"                                                     \
	"image_name:\n\t@echo image\n"                                              \
	"all:\n\t@$(MAKE) -C $(O) -f $(CURDIR)/Makefile.objects src=$(CURDIR) $@\n" \
	"%.o:\n\t@$(MAKE) -C $(O) -f $(CURDIR)/Makefile.objects src=$(CURDIR) $@\n" \
	".PHONY: all\n"
/* what the configuration has; the rule for objects is there for others as well */
#define OBJECTS(list) "all: " list "\n%.o: $(src)/%.c\n\tcc -Wunused -c -o $@ $<\n"

#define GOOD "int good;\n"
#define BAD "int bad = unknown;\n"
#define WARNS "static int unused;\n"

struct tree {
	const char *objects, *a, *b; /* NULL: no such file */
};

static void insert(git_treebuilder *builder, const char *name, const char *text)
{
	git_oid blob;
	if (!text)
		return;
	g_assert_cmpint(git_blob_create_from_buffer(&blob, git, text, strlen(text)), ==, 0);
	g_assert_cmpint(git_treebuilder_insert(NULL, builder, name, &blob, GIT_FILEMODE_BLOB), ==,
			0);
}

static char *commit(const struct tree *tree)
{
	git_treebuilder *builder;
	git_signature *who;
	git_tree *written;
	git_oid id;
	g_assert_cmpint(git_treebuilder_new(&builder, git, NULL), ==, 0);
	insert(builder, "Makefile", MAKEFILE);
	insert(builder, "Makefile.objects", tree->objects);
	insert(builder, "a.c", tree->a);
	insert(builder, "b.c", tree->b);
	g_assert_cmpint(git_treebuilder_write(&id, builder), ==, 0);
	g_assert_cmpint(git_tree_lookup(&written, git, &id), ==, 0);
	g_assert_cmpint(git_signature_new(&who, "A", "a@example.org", 1600000000, 0), ==, 0);
	g_assert_cmpint(git_commit_create(&id, git, NULL, who, who, NULL, "x", written, 0, NULL),
			==, 0);
	git_signature_free(who);
	git_tree_free(written);
	git_treebuilder_free(builder);
	char *hash = g_malloc0(GIT_OID_HEXSZ + 1);
	git_oid_fmt(hash, &id);
	return hash;
}

/* ---- builds, all in one slot ---- */

static struct build_result build(const struct tree *tree, struct build_request rq)
{
	g_autofree char *gitdir = g_build_filename(dir, "repo", NULL);
	g_autofree char *slot = g_build_filename(dir, "slot", NULL);
	g_autofree char *part = g_build_filename(dir, "part", NULL);
	g_autofree char *hash = commit(tree);
	struct build_result result;
	struct cancel cancel;
	struct error why = { 0 };
	cancel_init(&cancel, true);
	rq.commit = hash;
	rq.slot = slot;
	rq.dir = part;
	rq.jobs = 1;
	rq.cancel = &cancel;
	rq.compile_only = true;
	struct slot_objects objects = { .gitdir = gitdir };
	struct builder builder = kbuild_builder(&objects);
	if (builder.build(builder.self, &rq, &result, &why) != 0)
		g_error("%s", why.text);
	cancel_clear(&cancel);
	g_assert_null(result.signature);
	return result;
}

static const struct {
	const char *name;
	struct tree tree;
	struct build_request rq;
	const char *errors; /* their beginnings without places in files, joined by "|"; NULL: it
			       compiles */
	const char *object, *matched;
	bool alone;
} cases[] = {
	{ "all", { OBJECTS("a.o b.o"), GOOD, GOOD }, { 0 }, NULL, NULL, NULL, false },
	{ "error", { OBJECTS("a.o b.o"), GOOD, BAD }, { 0 }, "b.c", "b.o", NULL, false },
	{ "all-errors",
	  { OBJECTS("a.o b.o"), BAD, BAD },
	  { .all_errors = true },
	  "a.c|b.c",
	  "a.o",
	  NULL,
	  false },
	{ "object",
	  { OBJECTS("a.o b.o"), GOOD, BAD },
	  { .object = "a.o" },
	  NULL,
	  NULL,
	  NULL,
	  true },
	{ "object-fails",
	  { OBJECTS("a.o b.o"), BAD, BAD },
	  { .object = "b.o" },
	  "b.c",
	  "b.o",
	  NULL,
	  true },
	{ "object-fails-again",
	  { OBJECTS("a.o b.o"), GOOD, BAD },
	  { .object = "b.o" },
	  "b.c",
	  "b.o",
	  NULL,
	  true },
	/* it was made by the case before, and is no part of this one */
	{ "left-out", { OBJECTS("a.o"), GOOD, BAD }, { .object = "b.o" }, NULL, NULL, NULL, false },
	{ "left-out-and-another",
	  { OBJECTS("a.o"), BAD, BAD },
	  { .object = "b.o" },
	  "a.c",
	  "a.o",
	  NULL,
	  false },
	{ "no-such-file",
	  { OBJECTS("a.o"), GOOD, NULL },
	  { .object = "b.o" },
	  NULL,
	  NULL,
	  NULL,
	  false },
	{ "no-such-file-and-another",
	  { OBJECTS("a.o"), BAD, NULL },
	  { .object = "b.o" },
	  "a.c",
	  "a.o",
	  NULL,
	  false },
	/* warnings come again although nothing has changed */
	{ "warning",
	  { OBJECTS("a.o b.o"), WARNS, GOOD },
	  { .fail = "warning: " },
	  NULL,
	  "a.o",
	  "a.c",
	  false },
	{ "warning-again",
	  { OBJECTS("a.o b.o"), WARNS, GOOD },
	  { .fail = "warning: " },
	  NULL,
	  "a.o",
	  "a.c",
	  false },
	{ "warning-of-object",
	  { OBJECTS("a.o b.o"), WARNS, BAD },
	  { .object = "a.o", .fail = "warning: " },
	  NULL,
	  "a.o",
	  "a.c",
	  true },
	{ "warning-of-object-again",
	  { OBJECTS("a.o b.o"), WARNS, BAD },
	  { .object = "a.o", .fail = "warning: " },
	  NULL,
	  "a.o",
	  "a.c",
	  true },
	{ "no-warning",
	  { OBJECTS("a.o b.o"), GOOD, WARNS },
	  { .object = "a.o", .fail = "warning: " },
	  NULL,
	  NULL,
	  NULL,
	  true },
	{ "warning-left-out",
	  { OBJECTS("b.o"), WARNS, GOOD },
	  { .object = "a.o", .fail = "warning: " },
	  NULL,
	  NULL,
	  NULL,
	  false },
	{ "error-and-no-warning",
	  { OBJECTS("a.o b.o"), BAD, GOOD },
	  { .fail = "warning: " },
	  "a.c",
	  "a.o",
	  NULL,
	  false },
};

static void check(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	struct build_result result = build(&cases[i].tree, cases[i].rq);
	g_auto(GStrv) wanted = g_strsplit(cases[i].errors ? cases[i].errors : "", "|", -1);
	g_assert_true(result.broken == (cases[i].errors != NULL));
	guint at = 0;
	for (char **w = wanted; *w; w++) { /* make's own lines are between them */
		while (result.errors[at] && !g_str_has_prefix(result.errors[at], *w))
			at++;
		g_assert_nonnull(result.errors[at]);
	}
	if (cases[i].errors)
		g_assert_true(g_str_has_prefix(result.reason, wanted[0]));
	g_assert_cmpstr(result.object, ==, cases[i].object);
	g_assert_true((result.matched != NULL) == (cases[i].matched != NULL));
	if (result.matched)
		g_assert_true(g_str_has_prefix(result.matched, cases[i].matched));
	g_assert_true(result.alone == cases[i].alone);
	builder_result_clear(&result);
}

/* What has changed since the good commit is made first, whatever else does not compile. */
static void test_since(void)
{
	static const struct tree good = { OBJECTS("a.o b.o"), BAD, GOOD },
				 bad = { OBJECTS("a.o b.o"), BAD, BAD };
	g_autofree char *hash = commit(&good);
	char *since[] = { hash, NULL };
	struct build_result result = build(&bad, (struct build_request){ .since = since });
	g_assert_true(result.broken && result.alone);
	g_assert_true(g_str_has_prefix(result.reason, "b.c:1:"));
	g_assert_cmpstr(result.object, ==, "b.o");
	builder_result_clear(&result);
	/* it compiles: all is made */
	static const struct tree changed = { OBJECTS("a.o b.o"), BAD, GOOD "/* */\n" };
	result = build(&changed, (struct build_request){ .since = since });
	g_assert_true(result.broken && !result.alone);
	g_assert_cmpstr(result.object, ==, "a.o");
	builder_result_clear(&result);
	/* it has no part in the kernel */
	static const struct tree out = { OBJECTS("a.o"), GOOD, BAD };
	result = build(&out, (struct build_request){ .since = since });
	g_assert_false(result.broken || result.alone);
	builder_result_clear(&result);
	static const struct tree warns = { OBJECTS("a.o b.o"), BAD, WARNS };
	result = build(&warns, (struct build_request){ .since = since, .fail = "warning: " });
	g_assert_true(!result.broken && result.alone);
	g_assert_cmpstr(result.object, ==, "b.o");
	builder_result_clear(&result);
}

/* Its exit status is all that is asked of a user's program. */
static void test_program(void)
{
	static const struct {
		const char *script;
		bool broken;
		const char *matched;
	} programs[] = { { "exit 0", false, NULL },
			 { "echo a.c:1: warning: w", false, "a.c:1: warning: w" },
			 { "echo a.c:1: error: e; echo 'make: *** [a.o] Error 1'; exit 1", true,
			   NULL } };
	g_autofree char *program = g_build_filename(dir, "program", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", programs[i].script);
		g_assert_cmpint(file_write(program, text, strlen(text), 0700, NULL), ==, 0);
		struct build_result result =
			build(&cases[0].tree, (struct build_request){ .program = program,
								      .object = "a.o",
								      .fail = "warning" });
		g_assert_true(result.broken == programs[i].broken);
		g_assert_cmpstr(result.matched, ==, programs[i].matched);
		if (result.broken)
			g_assert_cmpstr(result.reason, ==, "a.c:1: error: e");
		g_assert_true(!result.object && !result.alone);
		builder_result_clear(&result);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	git_libgit2_init();
	dir = g_dir_make_tmp("bisectfs-compile-XXXXXX", NULL);
	g_autofree char *repo = g_build_filename(dir, "repo", NULL);
	g_assert_cmpint(git_repository_init(&git, repo, 1), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/compile/%s", cases[i].name);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), check);
	}
	g_test_add_func("/compile/since", test_since);
	g_test_add_func("/compile/program", test_program);
	int status = g_test_run();
	git_repository_free(git);
	git_libgit2_shutdown();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
