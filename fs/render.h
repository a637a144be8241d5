/*
 * The texts of the mount's files, each made in one place from a session's state. Pure, but for
 * files that hold a crash report.
 */
#ifndef FS_RENDER_H
#define FS_RENDER_H

#include "engine/core/engine.h"

struct render {
	const struct session *s;
	const struct step *step; /* files of a step */
	int n;			 /* its number */
	int64_t now;		 /* ns */
	const char *state;	 /* directory */
};

typedef void render_fn(const struct render *r, GString *out);

struct file_def {
	const char *path; /* below the bisection, or below the step */
	render_fn *render;
	bool pollable;
	bool grows; /* text is only added: MODIFY, no CLOSE_WRITE */
};

extern const struct file_def bisection_files[];
extern const int bisection_file_count;
extern const struct file_def step_files[];
extern const int step_file_count;

/* The mount's own files. */
void render_mount_status(const struct engine *e, int64_t now, GString *out);
void render_mount_json(const struct engine *e, int64_t now, GString *out);
void render_readme(const char *mountpoint, GString *out);
/* One line of MOUNT/events. */
void render_event(const struct session *s, const struct event *ev, GString *out);
/* The outcome of a run, one line. */
void render_outcome(const struct run *r, GString *out);

#endif
