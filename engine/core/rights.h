/*
 * What the settings of a bisection may name that belongs to somebody other than root, where the
 * daemon is root: nothing through which its owner would reach what only root may. Builds and
 * compilers are not named here, as they run with their owner's rights in the cage (cage.h).
 */
#ifndef ENGINE_CORE_RIGHTS_H
#define ENGINE_CORE_RIGHTS_H

#include "state.h"

/* Whether a bisection of this owner may have the setting with this content. -EPERM, with the reason
 * and what to do. Looks at the paths that the setting names. */
err_t rights_check_setting(const struct engine *e, struct spawn_user owner, enum setting id,
			   const char *text, struct error *error);

/* Whether this user may start a bisection with the defaults of the mount as they are: not where one
 * of them is private. -EACCES, with the reason and what to do. */
err_t rights_check_defaults(const struct engine *e, struct spawn_user user, struct error *error);

#endif
