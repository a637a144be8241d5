/*
 * A search in depth that enters no commit twice. Dates are not looked at: clocks of committers are
 * wrong now and then, and the answer must not depend on them.
 */
#include "reach.h"

#include "marks.h"

err_t reach_ancestor(struct history *h, uint32_t c, uint32_t ancestor, bool *yes,
		     struct error *error)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GByteArray) seen = g_byte_array_new();
	*yes = false;
	g_array_append_val(stack, c);
	while (stack->len) {
		uint32_t at = g_array_index(stack, uint32_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		if (at == ancestor) {
			*yes = true;
			return 0;
		}
		err_t err = history_load(h, at, error);
		if (err)
			return err;
		for (uint32_t i = 0; i < history_parent_count(h, at); i++) {
			uint32_t p = history_parent(h, at, i);
			guint8 *entered = marks_at(seen, h, p);
			if (!*entered) {
				*entered = 1;
				g_array_append_val(stack, p);
			}
		}
	}
	return 0;
}
