/*
 * Names and modes are not checked: whoever goes through a tree takes it as it is.
 */
#include "raw_tree.h"

#include <git2.h>
#include <string.h>

void raw_tree_next(struct raw_tree *t)
{
	const char *space = t->at < t->end ? memchr(t->at, ' ', (gsize)(t->end - t->at)) : NULL;
	const char *nul = space ? memchr(space, '\0', (gsize)(t->end - space)) : NULL;
	if (!nul || t->end - nul < OID_BYTES + 1) {
		t->entry.name = NULL;
		return;
	}
	t->entry.mode = t->at;
	t->entry.name = space + 1;
	memcpy(t->entry.oid.b, nul + 1, OID_BYTES);
	t->at = nul + 1 + OID_BYTES;
}

void raw_tree_begin(struct raw_tree *t, const char *data, gsize len)
{
	t->at = data;
	t->end = data ? data + len : NULL;
	raw_tree_next(t);
}

void raw_tree_begin_object(struct raw_tree *t, git_odb_object *object)
{
	raw_tree_begin(t, object ? git_odb_object_data(object) : NULL,
		       object ? git_odb_object_size(object) : 0);
}

bool raw_tree_is_tree(const struct raw_tree_entry *e)
{
	return e->mode[0] == '4';
}

bool raw_tree_is_submodule(const struct raw_tree_entry *e)
{
	return strncmp(e->mode, "16", 2) == 0;
}

int raw_tree_order(const struct raw_tree_entry *a, const struct raw_tree_entry *b)
{
	gsize la = strlen(a->name), lb = strlen(b->name), len = MIN(la, lb);
	int c = memcmp(a->name, b->name, len);
	if (c)
		return c;
	guchar ca = la > len ? (guchar)a->name[len] : raw_tree_is_tree(a) ? '/' : 0;
	guchar cb = lb > len ? (guchar)b->name[len] : raw_tree_is_tree(b) ? '/' : 0;
	return (int)ca - (int)cb;
}

bool raw_tree_same(const struct raw_tree_entry *a, const struct raw_tree_entry *b)
{
	return oid_compare(&a->oid, &b->oid) == 0 &&
	       strcspn(a->mode, " ") == strcspn(b->mode, " ") &&
	       strncmp(a->mode, b->mode, strcspn(a->mode, " ")) == 0;
}
