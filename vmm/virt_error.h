/*
 * libvirt's reasons as ours. libvirt keeps its last error by thread: ask in the thread whose call
 * failed, and before the next call.
 */
#ifndef VMM_VIRT_ERROR_H
#define VMM_VIRT_ERROR_H

#include "bisectfs/error.h"

/* "DOING: the reason that libvirt gave for its last failure in this thread". Returns -code. */
err_t virt_error(struct error *error, int code, const char *doing);

#endif
