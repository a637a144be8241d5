/*
 * libvirt has one last error for each thread, with a text made for people; we put in front of it
 * what we were doing. Printing it too, as libvirt does by default, is switched off in host.c.
 */
#include "virt_error.h"

#include <libvirt/virterror.h>

err_t virt_error(struct error *error, int code, const char *doing)
{
	const char *why = virGetLastErrorMessage();
	return error_set(error, code, "%s: %s", doing, why ? why : "unknown libvirt error");
}
