/*
 * Objects that the user has replaced (`git replace`): whoever asks for one by its name is given
 * another one's contents, as git does, without its walks noticing. One thread at a time.
 */
#ifndef ENGINE_OBJECTS_REPLACEMENTS_H
#define ENGINE_OBJECTS_REPLACEMENTS_H

#include "bisectfs/error.h"

#include <stdbool.h>

struct git_odb;
struct git_repository;

/* Puts the replacements of the repository with this git directory before the objects of `odb`,
 * which may be another one's that borrows from it; `any`: there are some. None are taken where
 * GIT_NO_REPLACE_OBJECTS is set or core.useReplaceRefs says no; GIT_REPLACE_REF_BASE says where
 * they are, as for git. They are those of now: later ones are not seen. -EIO: the refs cannot be
 * read; -ELOOP: they replace each other. */
err_t replacements_attach(struct git_odb *odb, const char *gitdir, bool *any, struct error *error);

#endif
