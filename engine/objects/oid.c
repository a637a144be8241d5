/*
 * Histories of a million commits are read from text, so digits are looked up in a table rather than
 * compared.
 */
#include "oid.h"

#include <glib.h>

#include <string.h>

int oid_compare(const struct oid *a, const struct oid *b)
{
	return memcmp(a->b, b->b, OID_BYTES);
}

/* The bytes of a digest are as good as random. */
unsigned oid_hash(const void *oid)
{
	unsigned hash;
	memcpy(&hash, oid, sizeof(hash));
	return hash;
}

int oid_equal(const void *a, const void *b)
{
	return oid_compare(a, b) == 0;
}

/* Value of a hex digit + 1; 0: it is none. */
static const uint8_t digits[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};

bool oid_parse_bytes(struct oid *oid, const char *hex)
{
	for (int i = 0; i < OID_BYTES; i++) {
		uint8_t hi = digits[(uint8_t)hex[2 * i]], lo = digits[(uint8_t)hex[2 * i + 1]];
		if (!hi || !lo)
			return false;
		oid->b[i] = (uint8_t)((hi - 1) << 4 | (lo - 1));
	}
	return true;
}

bool oid_parse(struct oid *oid, const char *hex)
{
	return hex && strlen(hex) == OID_HEX && oid_parse_bytes(oid, hex);
}

void oid_print(const struct oid *oid, char *hex)
{
	static const char letters[] = "0123456789abcdef";
	for (int i = 0; i < OID_BYTES; i++) {
		hex[2 * i] = letters[oid->b[i] >> 4];
		hex[2 * i + 1] = letters[oid->b[i] & 15];
	}
	hex[OID_HEX] = '\0';
}

char *oid_hex(const struct oid *oid)
{
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	return g_strdup(hex);
}
