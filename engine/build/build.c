/*
 * A failed build is blamed on the commit, with the compiler's first error from the log, unless the
 * log tells of a full disk and the disk agrees.
 */
#include "build.h"

#include "ccache.h"
#include "engine/base/file.h"
#include "slot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void build_note(struct build *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vdprintf(b->log, fmt, ap);
	va_end(ap);
}

void build_end_part(struct build *b, const char *part)
{
	gint64 now = g_get_monotonic_time();
	g_string_append_printf(b->took, "%s%s %.1f s", b->took->len ? ", " : "", part,
			       (double)(now - b->since) / G_USEC_PER_SEC);
	b->since = now;
}

bool build_is_others(const struct build *b)
{
	return b->rq->confine.caged && spawn_is_other(b->rq->confine.user);
}

err_t build_mkdir(const struct build *b, const char *dir, struct error *error)
{
	const struct spawn_user *user = &b->rq->confine.user;
	err_t err = file_mkdir(dir, error);
	if (!err && build_is_others(b) && lchown(dir, (uid_t)user->uid, (gid_t)user->gid) != 0)
		err = error_set(error, errno, "%s: %s", dir, g_strerror(errno));
	return err;
}

/* In a cage /tmp is the build's own, in memory. */
void build_watch_space(struct build *b)
{
	space_init(&b->space, b->rq->disk,
		   build_is_others(b) ? (uid_t)b->rq->confine.user.uid : geteuid());
	space_add(&b->space, b->obj);
	space_add(&b->space, b->rq->dir);
	space_add(&b->space, ccache_dir(b->rq));
	if (!b->rq->confine.caged)
		space_add(&b->space, g_get_tmp_dir());
}

void build_read_log(struct build *b, struct build_log *found)
{
	g_autofree char *log = g_build_filename(b->rq->dir, "build.log", NULL);
	const char *const trees[] = { slot_src(b->slot), b->obj, NULL };
	build_log_read(log, b->void_bytes, trees, b->rq->fail, found);
	if (b->rq->program) /* it is not told what to make */
		g_clear_pointer(&found->object, g_free);
}

static void take_findings(struct build *b, struct build_log *found)
{
	struct build_result *result = b->result;
	result->errors = g_steal_pointer(&found->errors);
	result->object = g_steal_pointer(&found->object);
	result->matched = g_steal_pointer(&found->matched);
}

err_t build_broken(struct build *b, struct error *error)
{
	struct build_log found;
	build_read_log(b, &found);
	err_t err = space_judge(&b->space, found.claim, error);
	if (!err) {
		b->result->broken = true;
		b->result->reason =
			b->excess ? g_steal_pointer(&b->excess) : g_steal_pointer(&found.reason);
		take_findings(b, &found);
	}
	build_log_clear(&found);
	return err;
}

void build_compiled(struct build *b)
{
	struct build_log found;
	if (!b->rq->fail)
		return;
	build_read_log(b, &found);
	if (found.matched) {
		b->result->object = g_steal_pointer(&found.object);
		b->result->matched = g_steal_pointer(&found.matched);
	}
	build_log_clear(&found);
}
