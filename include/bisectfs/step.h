/*
 * What a step is for, and what came of it, in the words that people and journals read.
 */
#ifndef BISECTFS_STEP_H
#define BISECTFS_STEP_H

enum step_role {
	ROLE_ORIGINAL, /* the starting commit: is the bug reproducible? */
	ROLE_MINIMIZE, /* the same with fewer options in its configuration */
	ROLE_RELEASE,  /* walk back over releases until one is good */
	ROLE_BASE,     /* fix in another tree: the merge base has to have the bug */
	ROLE_HEAD,     /* fix: the branch's head */
	ROLE_SEARCH,   /* chosen as git bisect chooses */
	ROLE_CONTAINS, /* fix: does the chosen commit have the bug at all? its merge base tells */
	ROLE_GOOD,     /* a good commit that the user named: is it? */
	ROLE_RETEST,   /* a user's wish */
	ROLE_CULPRIT,  /* what was found, tested for the certificate */
	ROLE_PARENT,   /* its parent */
	ROLE_REVERT,   /* the starting commit without it (fix: with it) */
	ROLE_COMPILER, /* its parent, built with the culprit's compiler where that is another */
	ROLE_SIDE,     /* another parent of a merge that was found */
	ROLE_INSIDE,   /* a commit of its second side, merged onto its first parent */
	ROLES
};

enum verdict { VERDICT_NONE, VERDICT_GOOD, VERDICT_BAD, VERDICT_SKIP, VERDICTS };

const char *step_role_name(enum step_role role);
const char *verdict_name(enum verdict v); /* empty for none */

#endif
