/*
 * Places to work in: builders and VMs. The core thread's.
 */
#ifndef ENGINE_CORE_SLOTS_H
#define ENGINE_CORE_SLOTS_H

#include <stdbool.h>

enum slot_kind { SLOT_BUILDER, SLOT_VM, SLOT_KINDS };

struct slots;
struct slots *slots_new(int builders, int vms);
void slots_free(struct slots *slots);

/* Takes the free place with the lowest number; -1: all are taken. */
int slots_take(struct slots *slots, enum slot_kind kind);
void slots_give_back(struct slots *slots, enum slot_kind kind, int slot);
int slots_count(const struct slots *slots, enum slot_kind kind);
int slots_taken(const struct slots *slots, enum slot_kind kind); /* how many */
bool slots_is_taken(const struct slots *slots, enum slot_kind kind, int slot);

#endif
