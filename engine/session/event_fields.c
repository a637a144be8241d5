/*
 * A table for each kind, named like its struct in the union of struct event.
 */
#include "event_fields.h"

#include <glib.h>

static const char *role_name(int role)
{
	return step_role_name((enum step_role)role);
}

static const char *name_of_verdict(int v)
{
	return verdict_name((enum verdict)v);
}

static const char *outcome_name(int kind)
{
	return outcome_kind_name((enum outcome_kind)kind);
}

static const char *type_name(int type)
{
	return crash_type_name((enum crash_type)type);
}

#define AT(member) offsetof(struct event, member)
#define NEEDED(json, field_type, member)                                               \
	{                                                                              \
		.name = json, .type = field_type, .offset = AT(member), .needed = true \
	}
#define OPTIONAL(json, field_type, member)                             \
	{                                                              \
		.name = json, .type = field_type, .offset = AT(member) \
	}
#define COUNT(json, member, highest)                                                              \
	{                                                                                         \
		.name = json, .type = F_INT, .offset = AT(member), .needed = true, .max = highest \
	}
#define MAYBE(json, member, lowest)                                               \
	{                                                                         \
		.name = json, .type = F_INT, .offset = AT(member), .min = lowest, \
		.max = INT32_MAX, .none = -1                                      \
	}
#define TIME(json, member)                                                                    \
	{                                                                                     \
		.name = json, .type = F_TIME, .offset = AT(member), .max = EVENT_DURATION_MAX \
	}
#define ID(json, member)                                                             \
	{                                                                            \
		.name = json, .type = F_ID, .offset = AT(member), .max = UINT32_MAX, \
		.none = EVENT_NOBODY                                                 \
	}
#define VERDICT(member)                                                                  \
	{                                                                                \
		.name = "verdict", .type = F_NAME, .offset = AT(member), .needed = true, \
		.min = VERDICT_GOOD, .max = VERDICT_SKIP, .name_of = name_of_verdict     \
	}
#define STEP(member) COUNT("step", member, INT32_MAX)
#define RUN(member) COUNT("run", member, EVENT_RUN_MAX)

static const struct event_field created[] = {
	ID("uid", created.uid),
	ID("gid", created.gid),
	NEEDED("name", F_TEXT, created.name),
};

static const struct event_field started[] = {
	NEEDED("text", F_TEXT, started.text),
	NEEDED("commit", F_TEXT, started.commit),
	NEEDED("host", F_TEXT, started.host),
	OPTIONAL("key", F_TEXT, started.key),
	NEEDED("list", F_LIST, started.goods),
	NEEDED("values", F_VALUES, started.values),
	OPTIONAL("paths", F_LIST, started.paths),
	OPTIONAL("first_parent", F_TRUE, started.first_parent),
	OPTIONAL("judged", F_LIST, started.judged),
};

static const struct event_field loaded[] = {
	OPTIONAL("commit", F_TEXT, loaded.commit),   OPTIONAL("base", F_TEXT, loaded.base),
	OPTIONAL("options", F_LIST, loaded.options), OPTIONAL("shallow", F_TRUE, loaded.shallow),
	NEEDED("list", F_LIST, loaded.releases),
};

static const struct event_field step[] = {
	STEP(step.step),
	MAYBE("left", step.left, 0),
	MAYBE("roughly", step.roughly, 0),
	OPTIONAL("checked", F_CHECKED, step.checked),
	NEEDED("commit", F_TEXT, step.commit),
	NEEDED("subject", F_LINE, step.subject),
	OPTIONAL("release", F_TEXT, step.release),
	{ .name = "role",
	  .type = F_NAME,
	  .offset = AT(step.role),
	  .needed = true,
	  .max = ROLES - 1,
	  .name_of = role_name },
	{ .name = "verdict",
	  .type = F_NAME,
	  .offset = AT(step.presumed),
	  .min = VERDICT_GOOD,
	  .max = VERDICT_SKIP,
	  .name_of = name_of_verdict },
	OPTIONAL("reason", F_LINE, step.reason),
	OPTIONAL("cc", F_TEXT, step.cc),
	OPTIONAL("patches", F_LIST, step.patches),
	OPTIONAL("options", F_LIST, step.options),
};

static const struct event_field built[] = {
	TIME("duration", built.duration),
	STEP(built.step),
	OPTIONAL("compiler", F_TEXT, built.compiler),
	OPTIONAL("signature", F_TEXT, built.signature),
	OPTIONAL("matched", F_LINE, built.matched),
	OPTIONAL("object", F_TEXT, built.object),
	OPTIONAL("alone", F_TRUE, built.alone),
};

static const struct event_field build_failed[] = {
	TIME("duration", build_failed.duration),
	STEP(build_failed.step),
	NEEDED("reason", F_LINE, build_failed.reason),
	OPTIONAL("compiler", F_TEXT, build_failed.compiler),
	OPTIONAL("object", F_TEXT, build_failed.object),
	OPTIONAL("matched", F_LINE, build_failed.matched),
	OPTIONAL("alone", F_TRUE, build_failed.alone),
	OPTIONAL("no_tree", F_TRUE, build_failed.no_tree),
};

static const struct event_field run_started[] = { STEP(run_started.step), RUN(run_started.run) };

static const struct event_field run_done[] = {
	TIME("duration", run_done.duration),
	TIME("boot", run_done.boot),
	STEP(run_done.step),
	RUN(run_done.run),
	{ .name = "outcome",
	  .type = F_NUMBER,
	  .offset = AT(run_done.outcome),
	  .needed = true,
	  .min = OUTCOME_OK,
	  .max = OUTCOME_KINDS - 1,
	  .name_of = outcome_name },
	{ .name = "type",
	  .type = F_NUMBER,
	  .offset = AT(run_done.type),
	  .max = CRASH_TYPES - 1,
	  .name_of = type_name },
	MAYBE("status", run_done.status, INT32_MIN), /* a guest may print any number */
	OPTIONAL("title", F_LINE, run_done.title),
	OPTIONAL("value", F_TEXT, run_done.value),
};

static const struct event_field known[] = {
	STEP(known.step),
	COUNT("good", known.good, EVENT_RUN_MAX + 1),
	COUNT("bad", known.bad, EVENT_RUN_MAX + 1),
	VERDICT(known.verdict),
	NEEDED("reason", F_LINE, known.reason),
};

static const struct event_field verdict[] = {
	STEP(verdict.step),
	MAYBE("same", verdict.same, 0),
	VERDICT(verdict.verdict),
	NEEDED("reason", F_LINE, verdict.reason),
	OPTIONAL("by_user", F_TRUE, verdict.by_user),
};

static const struct event_field dropped[] = {
	STEP(dropped.step),
	NEEDED("reason", F_LINE, dropped.reason),
};

static const struct event_field kept[] = { STEP(kept.step) };

static const struct event_field judged[] = {
	ID("uid", judged.uid),
	NEEDED("commit", F_TEXT, judged.commit),
	OPTIONAL("subject", F_TEXT, judged.subject),
	VERDICT(judged.verdict),
};

static const struct event_field retest[] = { STEP(retest.step) };

static const struct event_field minimize[] = { NEEDED("options", F_LIST, minimize.options) };

static const struct event_field reopened[] = { NEEDED("reason", F_LINE, reopened.reason) };

static const struct event_field reported[] = {
	NEEDED("list", F_LIST, reported.maintainers),
	OPTIONAL("labels", F_LIST, reported.labels),
};

static const struct event_field doubted[] = {
	NEEDED("commit", F_TEXT, doubted.commit),
	NEEDED("reason", F_LINE, doubted.reason),
};

static const struct event_field found[] = {
	OPTIONAL("text", F_TEXT, found.text),	    OPTIONAL("parents", F_LIST, found.parents),
	NEEDED("list", F_LIST, found.candidates),   OPTIONAL("labels", F_LIST, found.labels),
	OPTIONAL("borders", F_LIST, found.borders),
};

static const struct event_field inside[] = { NEEDED("list", F_LIST, inside.candidates) };

static const struct event_field concluded[] = {
	OPTIONAL("text", F_TEXT, concluded.text),
	OPTIONAL("subject", F_LINE, concluded.subject),
	NEEDED("verdict", F_TEXT, concluded.verdict),
	OPTIONAL("no_op", F_TRUE, concluded.no_op),
};

static const struct event_field failed[] = { NEEDED("reason", F_LINE, failed.reason) };

static const struct event_field paused[] = {
	OPTIONAL("role", F_DISK, paused.by_disk),
	NEEDED("reason", F_LINE, paused.reason),
};

#define FIELDS(kind) #kind, kind, G_N_ELEMENTS(kind)

const struct event_layout event_layouts[EV_KINDS] = {
	[EV_NONE] = { "none", NULL, 0 },
	[EV_CREATED] = { FIELDS(created) },
	[EV_STARTED] = { FIELDS(started) },
	[EV_LOADED] = { FIELDS(loaded) },
	[EV_STEP] = { FIELDS(step) },
	[EV_BUILT] = { FIELDS(built) },
	[EV_BUILD_FAILED] = { FIELDS(build_failed) },
	[EV_RUN_STARTED] = { FIELDS(run_started) },
	[EV_RUN_DONE] = { FIELDS(run_done) },
	[EV_KNOWN] = { FIELDS(known) },
	[EV_VERDICT] = { FIELDS(verdict) },
	[EV_DROPPED] = { FIELDS(dropped) },
	[EV_KEPT] = { FIELDS(kept) },
	[EV_JUDGED] = { FIELDS(judged) },
	[EV_RETEST] = { FIELDS(retest) },
	[EV_MINIMIZE] = { FIELDS(minimize) },
	[EV_REOPENED] = { FIELDS(reopened) },
	[EV_REPORTED] = { FIELDS(reported) },
	[EV_DOUBTED] = { FIELDS(doubted) },
	[EV_FOUND] = { FIELDS(found) },
	[EV_INSIDE] = { FIELDS(inside) },
	[EV_CONCLUDED] = { FIELDS(concluded) },
	[EV_FAILED] = { FIELDS(failed) },
	[EV_PAUSED] = { FIELDS(paused) },
	[EV_ALL_PARENTS] = { "all_parents", NULL, 0 },
	[EV_RESUMED] = { "resumed", NULL, 0 },
	[EV_ABORTED] = { "aborted", NULL, 0 },
	[EV_RESTARTED] = { "restarted", NULL, 0 },
};
