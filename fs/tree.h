/*
 * The tree: what the mount shows at this moment. Nodes hold their content as it was published, so
 * that size, data and event always belong together.
 *
 * One lock guards all nodes; nothing is waited for while it is held. Nodes are counted: the kernel
 * and open files may hold one that is in the tree no more.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

/* What a file does beyond showing its content. */
enum node_kind {
	NODE_DIR,
	NODE_LINK,
	NODE_VALUE,   /* content in memory */
	NODE_FILE,    /* content in a file of the state directory */
	NODE_START,   /* takes a start */
	NODE_CONTROL, /* takes control words */
	NODE_SCALAR,  /* a setting of one line */
	NODE_LARGE,   /* a setting that collects until close */
	NODE_FILES,   /* settings/files: the only directory that users create files in */
	NODE_ERROR,   /* last_error: differs by reader */
	NODE_WAIT,    /* blocks until the bisection ends; not listed */
	NODE_EVENTS,  /* blocks for the next change; not listed */
};

struct node {
	uint64_t ino;
	enum node_kind kind;
	GRefString *name;    /* interned: half a million files have few names */
	struct node *parent; /* NULL: the root, or removed */
	GPtrArray *children; /* NODE_DIR, NODE_FILES: struct node *, in order of creation */
	GHashTable *by_name; /* of children, once there are many */
	mode_t mode;	     /* permission bits */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	GBytes *data;  /* content in memory, target of a link */
	char *path;    /* NODE_FILE, NODE_LARGE: the file that holds the content */
	int64_t size;  /* NODE_FILE, NODE_LARGE: published bytes */
	bool hidden;   /* openable, not listed */
	bool pollable; /* wakes poll(2) when it changes */
	bool grows;    /* only ever appended to: a reader never needs an old content */
	bool removed;
	bool locked;	   /* a setting of a bisection that is started: EBUSY */
	unsigned version;  /* grows with each change of content */
	GSList *polls;	   /* struct poll_entry *, see watch.c */
	uint64_t serial;   /* of that bisection */
	GRefString *owner; /* interned: name of the bisection it belongs to; NULL: none */
	int refs;
};

struct tree {
	GMutex lock;
	struct node *root;
	GHashTable *nodes; /* ino -> struct node */
	uint64_t next_ino;
};

void tree_init(struct tree *t, uid_t uid, gid_t gid);
void tree_clear(struct tree *t);

/* All below: with the lock held; but a node that is in no tree yet is its maker's alone, and may be
 * changed without. */

/* A new node that is in no tree yet; the caller owns the one reference. */
struct node *node_new(struct tree *t, enum node_kind kind, const char *name, mode_t mode, uid_t uid,
		      gid_t gid);
struct node *node_ref(struct node *n);
void node_unref(struct tree *t, struct node *n);
/* Puts `n` (its reference is taken over) into the directory `dir`. */
void node_attach(struct node *dir, struct node *n);
/* Takes it out, with all below; open handles find it removed. */
void node_detach(struct tree *t, struct node *n);
/* Gives a child another name, which must be free in its directory. It becomes the last one there.
 */
void node_rename(struct node *n, const char *name);
struct node *node_child(const struct node *dir, const char *name);
/* By path below `dir` ("steps/3/state"; "" is itself); NULL: there is none. */
struct node *node_find(struct node *dir, const char *path);
/* Its path below the root (new, "" for the root); NULL: it is in no tree. */
char *node_path(const struct node *n);
/* By path below the root. */
struct node *tree_find(const struct tree *t, const char *path);
struct node *tree_by_ino(const struct tree *t, uint64_t ino);
/* Replaces the content (takes over the reference). */
void node_set(struct node *n, GBytes *data, const struct timespec *mtime);
int64_t node_size(const struct node *n);
void node_stat(const struct node *n, struct stat *st);
bool node_is_dir(const struct node *n);

struct timespec timespec_of(int64_t ns);
struct timespec timespec_now(void);

#endif
