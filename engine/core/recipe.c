/*
 * What is already known and need not be worked out again: which kernel comes of which commit, and
 * what the history has answered.
 */
#include "core.h"
#include "engine/base/digest.h"

#include <string.h>

/* The compilers and linkers that kbuild may use with these words on make's command line. */
static void add_toolchain(GChecksum *sum, const char *make)
{
	static const char *const plain[] = { "gcc", "ld", "clang", "ld.lld" };
	g_auto(GStrv) words = g_strsplit_set(make, " \t", -1);
	for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
		digest_program(sum, plain[i]);
	for (char **w = words; *w; w++) {
		if (g_str_has_prefix(*w, "CC="))
			digest_program(sum, *w + strlen("CC="));
		if (g_str_has_prefix(*w, "CROSS_COMPILE=")) {
			const char *prefix = *w + strlen("CROSS_COMPILE=");
			g_autofree char *gcc = g_strconcat(prefix, "gcc", NULL);
			g_autofree char *ld = g_strconcat(prefix, "ld", NULL);
			digest_program(sum, gcc);
			digest_program(sum, ld);
		}
	}
}

static void add_large(const struct engine *e, const struct bisection *b, enum setting id,
		      GChecksum *sum)
{
	g_autofree char *text = NULL;
	g_autofree char *path =
		e->on_disk ? state_dir_setting(e->state, b->s->name, setting_name(id)) : NULL;
	if (path)
		g_file_get_contents(path, &text, NULL, NULL);
	digest_text(sum, text);
}

void recipe_add_user(const struct engine *e, const struct session *s, GChecksum *sum)
{
	struct spawn_user user = { s->uid, s->gid };
	g_autofree char *uid = g_strdup_printf("user %u", user.uid);
	if (core_is_others(e, user))
		digest_text(sum, uid);
}

/* Settings cannot change once a bisection has started. */
static const char *recipe(const struct engine *e, struct bisection *b)
{
	static const enum setting large[] = { SET_CONFIG, SET_BUILD, SET_BASELINE };
	if (b->recipe)
		return b->recipe;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const char *make = settings_text(&b->s->settings, SET_MAKE);
	digest_text(sum, make);
	if (e->on_disk)
		add_toolchain(sum, make);
	digest_list(sum, e->profile->launcher);
	recipe_add_user(e, b->s, sum);
	for (gsize i = 0; i < G_N_ELEMENTS(large); i++)
		add_large(e, b, large[i], sum);
	b->recipe = g_strdup(g_checksum_get_string(sum));
	return b->recipe;
}

/* Of a step's own compiler; looked for once, as the others are. */
static const char *compiler(struct bisection *b, const char *cc)
{
	char *known = g_hash_table_lookup(b->compilers, cc);
	if (known)
		return known;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	digest_text(sum, cc);
	digest_program(sum, cc);
	known = g_strdup(g_checksum_get_string(sum));
	g_hash_table_insert(b->compilers, g_strdup(cc), known);
	return known;
}

char *recipe_key(struct engine *e, struct bisection *b, const char *commit, const char *cc,
		 char *const *patches, char *const *options)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	digest_text(sum, recipe(e, b));
	digest_text(sum, commit);
	digest_text(sum, cc ? compiler(b, cc) : NULL);
	digest_list(sum, patches);
	digest_list(sum, options);
	return g_strndup(g_checksum_get_string(sum), 32);
}

char *recipe_step_key(struct engine *e, struct bisection *b, const struct step *step)
{
	return recipe_key(e, b, step->commit, step->cc, step->patches, step->options);
}

/* That a commit does not build may have been the machine's fault: a retest, and a later bisection,
 * find out anew. */
const struct kernel *recipe_find(struct engine *e, const struct bisection *b,
				 const struct step *step, const char *key)
{
	const struct kernel *kernel = kernels_find(e->kernels, key);
	int64_t since = step && step->role == ROLE_RETEST ? step->started : b->s->started;
	return kernel && (kernel->signature || kernel->made >= since) ? kernel : NULL;
}

/* ---- answers of the history ---- */

static const char *course(const struct engine *e, struct bisection *b)
{
	static const enum setting small[] = { SET_MODE, SET_BRANCH, SET_OLDEST, SET_CHOICE };
	static const enum setting large[] = { SET_COMPILERS, SET_BACKPORTS };
	if (b->course)
		return b->course;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
		digest_text(sum, settings_text(&b->s->settings, small[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(large); i++)
		add_large(e, b, large[i], sum);
	b->course = g_strdup(g_checksum_get_string(sum));
	return b->course;
}

bool recipe_by_cost(const struct bisection *b)
{
	return strcmp(settings_text(&b->s->settings, SET_CHOICE), "cost") == 0;
}

const struct event *answers_find(struct engine *e, struct bisection *b, const struct next_query *q,
				 char **key)
{
	g_autofree char *question = forecast_key(q);
	/* what is cheap changes with each build: such an answer is for one step */
	guint step = recipe_by_cost(b) ? b->s->steps->len : 0;
	g_autofree char *full = g_strdup_printf("%s %s %u", course(e, b), question, step);
	const struct event *answer = g_hash_table_lookup(e->answers, full);
	if (key)
		*key = g_steal_pointer(&full);
	return answer;
}

void answers_put(struct engine *e, const char *key, const struct event *answer)
{
	if (g_hash_table_contains(e->answers, key)) /* forecasts borrow it */
		return;
	struct event *copy = g_new(struct event, 1);
	event_copy(copy, answer);
	g_hash_table_insert(e->answers, g_strdup(key), copy);
	e->answered++;
}

void answers_forget(struct engine *e)
{
	g_hash_table_remove_all(e->answers);
	e->answered++;
}
