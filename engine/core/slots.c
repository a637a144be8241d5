/*
 * A flag a place.
 */
#include "slots.h"

#include <glib.h>

struct slots {
	int n[SLOT_KINDS];
	bool *taken[SLOT_KINDS];
};

struct slots *slots_new(int builders, int vms)
{
	struct slots *slots = g_new0(struct slots, 1);
	slots->n[SLOT_BUILDER] = builders;
	slots->n[SLOT_VM] = vms;
	for (int kind = 0; kind < SLOT_KINDS; kind++)
		slots->taken[kind] = g_new0(bool, slots->n[kind]);
	return slots;
}

void slots_free(struct slots *slots)
{
	for (int kind = 0; kind < SLOT_KINDS; kind++)
		g_free(slots->taken[kind]);
	g_free(slots);
}

int slots_take(struct slots *slots, enum slot_kind kind)
{
	for (int i = 0; i < slots->n[kind]; i++) {
		if (!slots->taken[kind][i]) {
			slots->taken[kind][i] = true;
			return i;
		}
	}
	return -1;
}

void slots_give_back(struct slots *slots, enum slot_kind kind, int slot)
{
	slots->taken[kind][slot] = false;
}

int slots_count(const struct slots *slots, enum slot_kind kind)
{
	return slots->n[kind];
}

int slots_taken(const struct slots *slots, enum slot_kind kind)
{
	int n = 0;
	for (int i = 0; i < slots->n[kind]; i++)
		n += slots->taken[kind][i];
	return n;
}

bool slots_is_taken(const struct slots *slots, enum slot_kind kind, int slot)
{
	return slots->taken[kind][slot];
}
