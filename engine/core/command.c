/*
 * A command is a copy of what the mount was asked: nothing of a FUSE request is in it.
 */
#include "command.h"

#include <errno.h>

struct command *command_new(enum command_kind kind, const char *name, uid_t uid, gid_t gid)
{
	struct command *c = g_new0(struct command, 1);
	c->kind = kind;
	c->name = g_strdup(name);
	c->uid = uid;
	c->gid = gid;
	c->mode = -1;
	return c;
}

void command_free(struct command *c)
{
	if (!c)
		return;
	g_free(c->name);
	g_free(c->word);
	g_free(c->made);
	if (c->data)
		g_bytes_unref(c->data);
	g_free(c);
}

void command_answer(struct command *c, err_t err, const struct error *error)
{
	c->done(c, err, error);
	command_free(c);
}

char *command_text(const struct command *c)
{
	gsize len = 0;
	const char *data = c->data ? g_bytes_get_data(c->data, &len) : NULL;
	return g_strstrip(g_strndup(data ? data : "", len));
}

err_t command_gone(const struct command *c, struct error *error)
{
	return error_set(error, ENODEV, "bisection '%s' does not exist any more", c->name);
}

GStrv command_words(const char *text)
{
	g_auto(GStrv) parts = g_strsplit_set(text, " \t\r\n", -1);
	GPtrArray *words = g_ptr_array_new();
	for (char **p = parts; *p; p++) {
		if (**p)
			g_ptr_array_add(words, g_strdup(*p));
	}
	g_ptr_array_add(words, NULL);
	return (GStrv)g_ptr_array_free(words, FALSE);
}
