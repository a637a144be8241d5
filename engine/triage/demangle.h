/*
 * Mangled names of functions: C++ (the Itanium ABI's _Z) and Rust (v0, RFC 2603's _R). Pure; any
 * thread.
 */
#ifndef ENGINE_TRIAGE_DEMANGLE_H
#define ENGINE_TRIAGE_DEMANGLE_H

/* The name in the source, without parameters and hashes; any other name as it is. To be freed. */
char *demangle_name(const char *name);

#endif
