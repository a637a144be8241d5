/*
 * One switch over the kinds.
 */
#include "commands.h"

#include "control.h"
#include "set.h"
#include "start.h"

#include <errno.h>

static err_t make_draft(struct engine *e, const struct command *c, struct error *error)
{
	struct bisection *b;
	if (bisections_find(e->bisections, c->name))
		return error_set(error, EEXIST, "there is a bisection '%s' already", c->name);
	err_t err = start_draft(e, c->name, c->uid, c->gid, &b, error);
	if (!err)
		e->view.added(e->view.self, b->s, true);
	return err;
}

static err_t remove_bisection(struct engine *e, const struct command *c, struct error *error)
{
	struct bisection *b = state_bisection(e, c);
	if (!b)
		return command_gone(c, error);
	if (session_in_progress(b->s))
		return error_set(error, EBUSY, "'%s' is %s: write abort to its control file first",
				 c->name, session_state_name(b->s->state));
	return start_remove(e, b, error);
}

void commands_take(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	err_t err = -EINVAL;
	switch (c->kind) {
	case CMD_START:
		start_command(e, c);
		return;
	case CMD_CONTROL:
		control_command(e, c);
		return;
	case CMD_MKDIR:
		err = make_draft(e, c, &error);
		break;
	case CMD_RMDIR:
		err = remove_bisection(e, c, &error);
		break;
	case CMD_SET:
		err = set_write(e, c, &error);
		break;
	case CMD_MODE:
		err = set_mode(e, c, &error);
		break;
	case CMD_UNSET:
		err = set_unset(e, c, &error);
		break;
	}
	command_answer(c, err, &error);
}

void commands_looked_up(struct engine *e, struct job *job)
{
	if (job->lookup.verdict == VERDICT_NONE)
		start_looked_up(e, job);
	else
		control_looked_up(e, job);
}
