/*
 * The names are part of the journal's form: they are added to, never changed.
 */
#include "bisectfs/step.h"

static const char *const role_names[ROLES] = {
	[ROLE_ORIGINAL] = "original", [ROLE_MINIMIZE] = "minimize", [ROLE_RELEASE] = "release",
	[ROLE_BASE] = "base",	      [ROLE_HEAD] = "head",	    [ROLE_SEARCH] = "search",
	[ROLE_CONTAINS] = "contains", [ROLE_GOOD] = "good",	    [ROLE_RETEST] = "retest",
	[ROLE_CULPRIT] = "culprit",   [ROLE_PARENT] = "parent",	    [ROLE_REVERT] = "revert",
	[ROLE_COMPILER] = "compiler", [ROLE_SIDE] = "side",	    [ROLE_INSIDE] = "inside",
};
static const char *const verdict_names[VERDICTS] = { "", "good", "bad", "skip" };

const char *step_role_name(enum step_role role)
{
	return role_names[role];
}

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}
