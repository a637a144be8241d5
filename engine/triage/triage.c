/*
 * Puts together what the other files find out: report, title, type; and the other titles that
 * syzkaller would give to the same bug, a coarser one or one with a syscall's prefix cut.
 */
#include "triage.h"

#include "clean.h"
#include "guilty.h"
#include "noise.h"
#include "normalise.h"
#include "report.h"
#include "scan.h"
#include "shape.h"
#include "title.h"

#include <string.h>

bool triage_is_crash(const struct prefix_form *form, const char *line, size_t len, bool first)
{
	g_autoptr(GString) clean = g_string_new(NULL);
	/* nearly all lines hold no header, however they begin */
	if (scan_line(line, len) < 0)
		return false;
	clean_line(line, len, len, clean);
	return scan_spoken(form, clean->str, clean->len, first) >= 0;
}

bool triage_is_end(const char *line, size_t len)
{
	return memmem(line, len, "---[ end trace ", 15) ||
	       memmem(line, len, "---[ end Kernel panic", 21);
}

bool triage_any(const struct prefix_form *form, const char *log, size_t len)
{
	size_t at, line_len;
	int header;
	return scan_log(form, log, len, &at, &line_len, &header);
}

static enum crash_type kind_of(const char *type, const char *title)
{
	static const struct {
		const char *type;
		enum crash_type kind;
	} kinds[] = {
		{ "KFENCE", CRASH_KASAN },
		{ "KASAN", CRASH_KASAN },
		{ "KMSAN", CRASH_KMSAN },
		{ "KCSAN", CRASH_DATA_RACE },
		{ "NULL-POINTER-DEREFERENCE", CRASH_OOPS },
		{ "MEMORY_SAFETY_BUG", CRASH_OOPS },
		{ "MEMORY_SAFETY_UBSAN", CRASH_UBSAN },
		{ "UBSAN", CRASH_UBSAN },
		{ "REFCOUNT_WARNING", CRASH_WARNING },
		{ "WARNING", CRASH_WARNING },
		{ "LOCKDEP", CRASH_LOCKDEP },
		{ "ATOMIC_SLEEP", CRASH_ATOMIC_SLEEP },
		{ "LEAK", CRASH_MEMORY_LEAK },
		{ "BUG", CRASH_BUG },
		{ "HANG", CRASH_HANG },
		{ "NO_OUTPUT", CRASH_HANG },
		{ "LOST_CONNECTION", CRASH_LOST_CONNECTION },
		{ "REBOOT", CRASH_UNEXPECTED_REBOOT },
	};
	if (strcmp(type, "DoS") == 0)
		return g_str_has_prefix(title, "kernel panic") || g_str_has_prefix(title, "PANIC")
			       ? CRASH_PANIC
			       : CRASH_OOPS;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (g_str_has_prefix(type, kinds[i].type))
			return kinds[i].kind;
	}
	return CRASH_UNKNOWN;
}

/* ---- other titles of the same bug ---- */

static void add_other(struct triage *t, const char *text)
{
	g_autofree char *title = normalise_title(text);
	if (strcmp(title, t->title) == 0 ||
	    g_ptr_array_find_with_equal_func(t->others, title, g_str_equal, NULL))
		return;
	g_ptr_array_add(t->others, g_steal_pointer(&title));
}

/* Coarser names: a bug may show as a read today and as a general protection fault tomorrow. */
static void add_coarser(struct triage *t, const char *function)
{
	static const char *const families[][2] = {
		{ "KASAN: invalid-free in ", "invalid-free in" },
		{ "KFENCE: invalid free in ", "invalid-free in" },
		{ "KASAN: ", "bad-access in" },
		{ "KFENCE: memory corruption", NULL },
		{ "KFENCE: ", "bad-access in" },
		{ "KMSAN: kernel-usb-infoleak", NULL },
		{ "KMSAN: ", "bad-access in" },
		{ "BUG: unable to handle kernel ", "bad-access in" },
		{ "general protection fault in ", "bad-access in" },
		{ "BUG: corrupted list in ", "bad-access in" },
		{ "UBSAN: array-index-out-of-bounds in ", "bad-access in" },
		{ "Internal error in ", "bad-access in" },
		{ "Unhandled fault in ", "bad-access in" },
		{ "BUG: soft lockup in ", "stall in" },
		{ "INFO: rcu detected stall in ", "stall in" },
		{ "BUG: hard lockup in ", "stall in" },
		{ "INFO: task hung in ", "hang in" },
		{ "INFO: task can't die in ", "hang in" },
		{ "BUG: stack guard page was hit in ", "stack-overflow in" },
		{ "kernel panic: corrupted stack end in ", "stack-overflow in" },
		{ "kernel stack overflow in ", "stack-overflow in" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
		if (!g_str_has_prefix(t->title, families[i][0]))
			continue;
		if (families[i][1]) {
			g_autofree char *text = g_strdup_printf("%s %s", families[i][1], function);
			add_other(t, text);
		}
		break;
	}
}

/* The titles with the function as it was printed, and with each prefix cut alone. */
static void add_variants(struct triage *t, const struct title *title)
{
	const char *at = g_strrstr(t->title, title->function);
	if (!at || !title->printed)
		return;
	g_autoptr(GPtrArray) names = noise_variants(title->printed);
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *text = g_strdup_printf("%.*s%s%s", (int)(at - t->title), t->title,
							name, at + strlen(title->function));
		add_other(t, text);
		add_coarser(t, name);
	}
}

/* What has no function, or another one. */
static void add_special(struct triage *t, const struct title *title)
{
	if (title->origin && g_str_has_prefix(t->title, "KMSAN: kernel-usb-infoleak")) {
		g_autofree char *text = g_strdup_printf("KMSAN origin in %s", title->origin);
		add_other(t, text);
	}
	if (g_str_has_prefix(t->title, "SYZFATAL:"))
		add_other(t, "SYZFATAL");
}

static void add_dentry(struct triage *t, const struct report *r)
{
	g_autoptr(GMatchInfo) info = NULL;
	if (!g_str_has_prefix(t->title, "BUG: Dentry still in use"))
		return;
	if (g_regex_match_full(
		    shape_regex("still in use \\([0-9]+\\) (\\[unmount of [^\\]\\n]+\\])"),
		    r->all->str, (gssize)r->text, 0, 0, &info, NULL)) {
		g_autofree char *where = g_match_info_fetch(info, 1);
		g_autofree char *text = g_strdup_printf("BUG: Dentry still in use %s", where);
		add_other(t, text);
	}
}

static char *test_program(const struct report *r)
{
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
	if (shape_search(" Comm: syz\\.([0-9]+\\.[0-9]+) ", r->all->str, r->all->len, NULL,
			 groups) < 0)
		return NULL;
	return g_strdup(groups->pdata[0]);
}

bool triage_log(const char *log, size_t len, struct triage *t)
{
	struct prefix_form form = { 0 };
	prefix_learn(&form, log, len);
	return triage_log_as(&form, log, len, t);
}

bool triage_log_as(const struct prefix_form *form, const char *log, size_t len, struct triage *t)
{
	struct report r;
	struct title title;
	*t = (struct triage){ 0 };
	if (!report_read(form, log, len, &r))
		return false;
	title_make(&r, &title);
	t->title = g_strdup(title.text);
	t->type = rules_type(t->title);
	if (scan_is_oops(r.header) && strcmp(t->type, "UNKNOWN") == 0)
		t->type = "DoS";
	t->kind = kind_of(t->type, t->title);
	t->others = g_ptr_array_new_with_free_func(g_free);
	t->corrupted =
		title.corrupted || memmem(log, len, "serialport: VM disconnected.", 28) != NULL;
	t->panicked = memmem(log, len, "Kernel panic - not syncing", 26) != NULL;
	t->program = test_program(&r);
	t->report = g_strdup(r.shown->str);
	t->start = r.start;
	if (title.function) {
		add_coarser(t, title.function);
		add_variants(t, &title);
	}
	add_special(t, &title);
	add_dentry(t, &r);
	title_clear(&title);
	report_clear(&r);
	return true;
}

void triage_clear(struct triage *t)
{
	g_free(t->title);
	g_free(t->program);
	g_free(t->report);
	g_clear_pointer(&t->others, g_ptr_array_unref);
	*t = (struct triage){ 0 };
}

char *triage_guilty(const struct prefix_form *form, const char *log, size_t len)
{
	struct prefix_form learnt = { 0 };
	if (!form)
		prefix_learn(&learnt, log, len);
	return guilty_file(form ? form : &learnt, log, len);
}
