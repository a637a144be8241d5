/*
 * The texts of the mount's files, each made in one place from a session's state. Pure, but for
 * files that hold a crash report or a configuration. In the core thread.
 *
 *   render.c         tables of the files, single values
 *   render_status.c  for people
 *   render_json.c    for programs
 *   render_readme.c  the mount's manual page
 */
#ifndef FS_RENDER_H
#define FS_RENDER_H

#include "tree.h"

#include "engine/core/engine.h"

struct render {
	const struct session *s;
	const GString *log;	     /* of the bisection */
	const struct step *step;     /* files of a step */
	int n;			     /* its number */
	int64_t now;		     /* ns */
	const struct engine *engine; /* where files lie */
};

typedef void render_fn(const struct render *r, GString *out);

struct file_def {
	const char *path; /* below the bisection, or below the step */
	render_fn *render;
	enum node_kind kind;
	bool pollable;
	bool grows; /* text is only added: MODIFY, no CLOSE_WRITE */
};

extern const struct file_def bisection_files[];
extern const int bisection_file_count;
extern const struct file_def step_files[];
extern const int step_file_count;

/* The outcome of a run, one line. */
void render_outcome(const struct run *r, GString *out);

void render_status(const struct render *r, GString *out);
void render_status_mount(const struct engine *e, int64_t now, GString *out);
/* struct session *, in the order in which they were made; new. */
GPtrArray *render_status_order(const struct engine *e);

void render_json(const struct render *r, GString *out);
void render_json_mount(const struct engine *e, int64_t now, GString *out);
/* One line of MOUNT/events. */
/* The line in `events` about one that was removed. */
void render_json_removed(const char *name, guint64 serial, GString *out);
void render_json_event(const struct session *s, const struct event *ev, GString *out);

void render_readme(const char *mountpoint, GString *out);

#endif
