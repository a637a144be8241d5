/*
 * The result of a build as it lies beside a kernel in the store: DIR/result. For the store of
 * kernels.
 */
#ifndef ENGINE_STORE_KERNEL_RESULT_H
#define ENGINE_STORE_KERNEL_RESULT_H

#include "kernels.h"

err_t kernel_result_write(const char *dir, const struct kernel *one, struct error *error);
/* A new one, of which only what the result holds is known; NULL: there is none, or it is damaged.
 */
struct kernel *kernel_result_read(const char *dir, const char *key);

#endif
