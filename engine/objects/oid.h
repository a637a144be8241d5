/*
 * Object ids (SHA-1) as bytes, and as the hex digits that people and git's files write. Pure; any
 * thread.
 */
#ifndef ENGINE_OBJECTS_OID_H
#define ENGINE_OBJECTS_OID_H

#include <stdbool.h>
#include <stdint.h>

#define OID_BYTES 20
#define OID_HEX 40

struct oid {
	uint8_t b[OID_BYTES];
};

/* As memcmp orders their bytes, which is also the order of their hex digits. */
int oid_compare(const struct oid *a, const struct oid *b);
/* For hash tables of GLib's whose keys are struct oid. */
unsigned oid_hash(const void *oid);
int oid_equal(const void *a, const void *b);
/* OID_HEX hex digits and nothing more; false (and `oid` undefined) for any other text, and NULL. */
bool oid_parse(struct oid *oid, const char *hex);
/* The same for OID_HEX characters that need not end there. */
bool oid_parse_bytes(struct oid *oid, const char *hex);
/* `hex` takes OID_HEX + 1 bytes. */
void oid_print(const struct oid *oid, char *hex);
/* The same as a new string. */
char *oid_hex(const struct oid *oid);

#endif
