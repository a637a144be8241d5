/*
 * The signature of a kernel: equal signatures mean that no test can tell two kernels apart.
 */
#ifndef ENGINE_BUILD_SIGNATURE_H
#define ENGINE_BUILD_SIGNATURE_H

#include "bisectfs/error.h"

#include <stdbool.h>

#define SIGNATURE_HEX 64

/* SHA-256 over the SHA-256 of each allocated, file-backed section of an ELF file that is not a NOTE
 * (syzkaller's rule; notes hold the build id), as hex in `hex` (SIGNATURE_HEX + 1 bytes). A file
 * that is no ELF is hashed whole. An ELF file without such a section is an error: hashing nothing
 * would make all kernels equal. */
err_t signature_of(const char *path, char *hex, struct error *error);

/* Whether the ELF file has DWARF; false too where it cannot be read. */
bool signature_has_debug(const char *path);

#endif
