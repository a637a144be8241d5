/*
 * Digests are worked out once for each bisection, since settings do not change after the start;
 * those of compilers once for each name.
 */
#include "recipe.h"

#include "engine/base/digest.h"
#include "engine/session/build_verdict.h"
#include "engine/session/forecast.h"
#include "engine/store/experiment.h"
#include "engine/store/profile.h"
#include "engine/store/state_dir.h"

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
		e->state ? state_dir_setting(e->state, b->s->name, setting_name(id)) : NULL;
	if (path)
		g_file_get_contents(path, &text, NULL, NULL);
	digest_text(sum, text);
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
	if (e->state)
		add_toolchain(sum, make);
	digest_list(sum, e->profile->launcher);
	if (settings_test(&b->s->settings) == TEST_MANUAL)
		digest_text(sum, "with modules");
	struct spawn_user user = { b->s->uid, b->s->gid };
	if (state_is_others(e, user))
		experiment_add_user(sum, &user);
	for (gsize i = 0; i < G_N_ELEMENTS(large); i++)
		add_large(e, b, large[i], sum);
	if (settings_test(&b->s->settings) == TEST_BUILD) { /* no kernel that could be run */
		digest_text(sum, settings_text(&b->s->settings, SET_TEST));
		digest_text(sum, settings_text(&b->s->settings, SET_FAIL));
	}
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

static char *key_of(struct engine *e, struct bisection *b, const struct kernel_source *source)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	digest_text(sum, recipe(e, b));
	digest_text(sum, source->commit);
	digest_text(sum, source->cc ? compiler(b, source->cc) : NULL);
	digest_list(sum, source->patches);
	digest_list(sum, source->options);
	if (settings_test(&b->s->settings) == TEST_BUILD) {
		digest_text(sum, source->object);
		digest_list(sum, source->since);
		digest_text(sum, source->all_errors ? "all errors" : NULL);
	}
	return g_strndup(g_checksum_get_string(sum), 32);
}

/* What of it is made for the step with this number and role. */
static void choose_extent(const struct bisection *b, int n, enum step_role role,
			  struct kernel_source *source)
{
	if (settings_test(&b->s->settings) != TEST_BUILD)
		return;
	source->object = g_strdup(build_verdict_object(b->s, n, role));
	if (role == ROLE_ORIGINAL && build_verdict_may_guess(b->s))
		source->since = g_strdupv(b->s->goods);
	source->all_errors = build_verdict_makes_all(role);
}

static int number_of(const struct session *s, const struct step *step)
{
	guint n = 0;
	return g_ptr_array_find(s->steps, step, &n) ? (int)n : (int)s->steps->len;
}

struct kernel_source recipe_of_step(struct engine *e, struct bisection *b, const struct step *step)
{
	struct kernel_source source = { .commit = g_strdup(step->commit),
					.cc = g_strdup(step->cc),
					.patches = g_strdupv(step->patches),
					.options = g_strdupv(step->options) };
	choose_extent(b, number_of(b->s, step), step->role, &source);
	source.key = key_of(e, b, &source);
	return source;
}

struct kernel_source recipe_of_choice(struct engine *e, struct bisection *b,
				      const struct event_step *choice)
{
	struct kernel_source source = { .commit = g_strdup(choice->commit),
					.cc = g_strdup(choice->cc),
					.patches = g_strdupv(choice->patches),
					.options = g_strdupv(choice->options) };
	choose_extent(b, (int)b->s->steps->len, choice->role, &source);
	source.key = key_of(e, b, &source);
	return source;
}

char *recipe_key(struct engine *e, struct bisection *b, const struct step *step)
{
	struct kernel_source source = recipe_of_step(e, b, step);
	char *key = g_steal_pointer(&source.key);
	kernel_source_clear(&source);
	return key;
}

/* That a commit does not build may have been the machine's fault: a retest, and a later bisection,
 * find out anew. */
const struct kernel *recipe_find(struct engine *e, const struct bisection *b,
				 const struct step *step, const char *key)
{
	const struct kernel *kernel = kernels_find(e->kernels, key);
	int64_t since = step && step->role == ROLE_RETEST ? step->started : b->s->started;
	return kernel && (!kernel->reason || kernel->made >= since) ? kernel : NULL;
}

/* ---- questions to the history ---- */

static const char *guidance(const struct engine *e, struct bisection *b)
{
	static const enum setting small[] = { SET_MODE,	  SET_BRANCH, SET_OLDEST,
					      SET_CHOICE, SET_MAKE,   SET_ARCH };
	static const enum setting large[] = { SET_COMPILERS, SET_BACKPORTS };
	if (b->guidance)
		return b->guidance;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
		digest_text(sum, settings_text(&b->s->settings, small[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(large); i++)
		add_large(e, b, large[i], sum);
	b->guidance = g_strdup(g_checksum_get_string(sum));
	return b->guidance;
}

bool recipe_by_cost(const struct bisection *b)
{
	return strcmp(settings_text(&b->s->settings, SET_CHOICE), "cost") == 0;
}

char *recipe_question(struct engine *e, struct bisection *b, const struct next_query *q)
{
	g_autofree char *question = forecast_key(q);
	/* what is cheap changes with each build: such an answer is for one step */
	guint step = recipe_by_cost(b) ? b->s->steps->len : 0;
	return g_strdup_printf("%s %s %u", guidance(e, b), question, step);
}
