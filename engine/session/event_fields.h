/*
 * What each kind of event has in JSON: a row for each field of its struct, with its name, where it
 * lies and which values it takes, in the order in which fields are written. The form is that of
 * journals on disk: it is added to, never changed.
 */
#ifndef ENGINE_SESSION_EVENT_FIELDS_H
#define ENGINE_SESSION_EVENT_FIELDS_H

#include "bisectfs/event.h"

#include <stddef.h>

enum event_field_type {
	F_INT,	   /* int */
	F_TIME,	   /* int64_t; 0 is not written */
	F_ID,	   /* uid_t, gid_t */
	F_NAME,	   /* an enum, by name: people can read it, and it outlives a reordering */
	F_NUMBER,  /* the same; the first journals have its number, which is read as well */
	F_TRUE,	   /* bool; written where it is true */
	F_DISK,	   /* bool; "disk" where it is true */
	F_CHECKED, /* bool as 0 or 1; written for a step of the search */
	F_TEXT,	   /* char * */
	F_LINE,	   /* char *, one line for people */
	F_LIST,	   /* char ** */
	F_VALUES,  /* json_t *, an object */
};

struct event_field {
	const char *name;
	enum event_field_type type;
	size_t offset;
	bool needed;	  /* the event means nothing without it */
	int64_t min, max; /* of numbers and enums */
	int64_t none;	  /* value that means "not there", where it is not needed */
	const char *(*name_of)(int value);
};

struct event_layout {
	const char *name; /* of the kind */
	const struct event_field *fields;
	size_t n;
};
extern const struct event_layout event_layouts[EV_KINDS];

#endif
