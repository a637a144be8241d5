/*
 * The view's nodes: what directories and files a bisection, a step and a run have, made from the
 * session. Inside the view, which decides when they are shown. The engine's core thread.
 */
#ifndef FS_NODES_H
#define FS_NODES_H

#include "render.h"
#include "view.h"

/* What the mount shows by now, so that only what differs becomes an event. */
struct shown_step {
	GBytes **files; /* by index in step_files */
};

struct shown {
	struct tree *tree;
	struct node *dir; /* the bisection's directory, referenced: its name may be used again */
	GBytes **files;	  /* by index in bisection_files */
	GPtrArray *steps; /* struct shown_step * */
	bool over;
};

struct view {
	struct mount *m;
	char *mountpoint;
	bool live;
	GHashTable *shown;     /* name -> struct shown, which are there now */
	GPtrArray *held_lines; /* GBytes: facts of a bisection that is not added yet */
	GBytes *status, *status_json;
	char *last;
	int64_t ticked;	   /* ns */
	GHashTable *small; /* GBytes -> itself: short contents that many files have */
	bool changed;	   /* a state: what the mount shows at its top is not of now */
};

void shown_free(void *shown);

GBytes *nodes_render(render_fn *fn, const struct render *r); /* new */
/* `n` -1: the bisection itself. */
struct render nodes_render_of(const struct view *v, const struct session *s, int n);
int64_t nodes_file_size(const char *path); /* 0 where there is none */

/* New nodes, not attached to the tree yet: until then they are the maker's alone. They ask files
 * for their size, so the tree's lock must not be held. `shown` is filled in with what they hold.
 */
struct node *nodes_new(struct view *v, const struct session *s, enum node_kind kind,
		       const char *name, mode_t mode);
struct node *nodes_bisection(struct view *v, const struct session *s, struct shown *sh);
struct node *nodes_step(struct view *v, const struct session *s, int n, struct shown *sh);
/* `s` NULL: those of new/. */
struct node *nodes_settings(struct view *v, const struct session *s);
struct node *nodes_run_log(struct view *v, const struct session *s, int step, int k);
struct node *nodes_run_verdict(struct view *v, const struct session *s, const struct run *r, int k);
struct node *nodes_run_report(struct view *v, const struct session *s, int step, int k);
/* A bisection has been started: no setting in here takes a write any more. */
void nodes_lock_settings(struct node *settings);

#endif
