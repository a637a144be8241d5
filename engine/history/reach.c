/*
 * A search in depth that enters no commit twice. Dates are not looked at: clocks of committers are
 * wrong now and then, and the answer must not depend on them.
 */
#include "reach.h"

#include "marks.h"

/* Marks all that `c` reaches, until it comes to `stop`. */
static err_t enter_all(struct history *h, uint32_t c, uint32_t stop, GByteArray *entered,
		       bool *stopped, struct error *error)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	*stopped = false;
	g_array_append_val(stack, c);
	while (stack->len) {
		uint32_t at = g_array_index(stack, uint32_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		if (at == stop) {
			*stopped = true;
			return 0;
		}
		err_t err = history_load(h, at, error);
		if (err)
			return err;
		for (uint32_t i = 0; i < history_parent_count(h, at); i++) {
			uint32_t p = history_parent(h, at, i);
			guint8 *mark = marks_at(entered, h, p);
			if (!*mark) {
				*mark = 1;
				g_array_append_val(stack, p);
			}
		}
	}
	return 0;
}

err_t reach_ancestor(struct history *h, uint32_t c, uint32_t ancestor, bool *yes,
		     struct error *error)
{
	g_autoptr(GByteArray) entered = g_byte_array_new();
	return enter_all(h, c, ancestor, entered, yes, error);
}

err_t reach_all(struct history *h, uint32_t c, GByteArray *entered, struct error *error)
{
	bool unused;
	return enter_all(h, c, NO_COMMIT, entered, &unused, error);
}
