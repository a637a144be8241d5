/*
 * A tree as its bytes, entry by entry: libgit2 refuses trees that git works with. Pure; any thread.
 */
#ifndef ENGINE_OBJECTS_RAW_TREE_H
#define ENGINE_OBJECTS_RAW_TREE_H

#include "oid.h"

#include <glib.h>

struct git_odb_object;

/* "MODE NAME\0" and 20 bytes. Both texts lie in the tree's bytes; the mode ends with a space. */
struct raw_tree_entry {
	const char *mode, *name; /* name NULL: none is left */
	struct oid oid;
};

struct raw_tree {
	const char *at, *end;
	struct raw_tree_entry entry; /* the present one */
};

/* Goes to the first entry. `data` is borrowed as long as the entries are used; NULL: an empty tree.
 * What is no entry ends the tree. */
void raw_tree_begin(struct raw_tree *t, const char *data, gsize len);
/* The same of an object of libgit2's; NULL: an empty tree. */
void raw_tree_begin_object(struct raw_tree *t, struct git_odb_object *object);
void raw_tree_next(struct raw_tree *t);

bool raw_tree_is_tree(const struct raw_tree_entry *e);
/* A submodule's: it names a commit of another repository. */
bool raw_tree_is_submodule(const struct raw_tree_entry *e);
/* As git orders entries (base_name_compare): a directory as if its name ended with a slash. */
int raw_tree_order(const struct raw_tree_entry *a, const struct raw_tree_entry *b);
/* Of two with the same name: the same mode and content. */
bool raw_tree_same(const struct raw_tree_entry *a, const struct raw_tree_entry *b);

#endif
