/*
 * Both settings are lists with a commit or a release at the beginning of each line, and the
 * question is always whether the commit to be built reaches that one.
 */
#include "commit_settings.h"

#include "engine/session/releases.h"
#include "reach.h"

#include <errno.h>
#include <string.h>

static GStrv lines_of(const char *text)
{
	GStrv lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **l = lines; *l; l++)
		g_strstrip(*l);
	return lines;
}

/* First word of a line that is no comment. */
static char *revision_in(const char *line)
{
	if (!*line || *line == '#')
		return NULL;
	return g_strndup(line, strcspn(line, " \t"));
}

/* Resolves a revision; does the commit contain it? */
static err_t contains(struct repo *repo, const struct oid *commit, const char *rev,
		      struct oid *found, bool *yes, struct error *error)
{
	struct history *h = repo_history(repo);
	err_t err = repo_resolve(repo, rev, found, error);
	return err ? err
		   : reach_ancestor(h, history_number(h, commit), history_number(h, found), yes,
				    error);
}

/* The highest release that the commit contains wins. */
err_t commit_settings_compiler(struct repo *repo, const char *compilers, const struct oid *commit,
			       char **cc, struct error *error)
{
	g_auto(GStrv) lines = lines_of(compilers);
	struct release_version best = { .major = -1 }, v;
	*cc = NULL;
	for (char **l = lines; *l; l++) {
		g_autofree char *release = revision_in(*l);
		if (!release)
			continue;
		const char *rest = *l + strlen(release);
		rest += strspn(rest, " \t");
		struct oid oid;
		bool contained = false;
		if (strcmp(release, "*") == 0) {
			if (!*cc)
				*cc = g_strdup(rest);
			continue;
		}
		if (!release_parse(release, &v) || release_compare(&v, &best) <= 0)
			continue;
		err_t err = contains(repo, commit, release, &oid, &contained, error);
		if (err) {
			g_clear_pointer(cc, g_free);
			return err;
		}
		if (contained) {
			best = v;
			g_free(*cc);
			*cc = g_strdup(rest);
		}
	}
	return 0;
}

err_t commit_settings_backports(struct repo *repo, const char *backports, const struct oid *commit,
				GPtrArray *patches, struct error *error)
{
	g_auto(GStrv) lines = lines_of(backports);
	for (char **l = lines; *l; l++) {
		g_autofree char *rev = revision_in(*l);
		char hex[OID_HEX + 1];
		struct oid oid;
		bool there = false;
		if (!rev)
			continue;
		err_t err = contains(repo, commit, rev, &oid, &there, error);
		if (err)
			return err;
		oid_print(&oid, hex);
		if (!there)
			g_ptr_array_add(patches, g_strdup_printf("backport %s", hex));
	}
	return 0;
}

err_t commit_settings_check(struct repo *repo, const char *compilers_text,
			    const char *backports_text, struct error *error)
{
	g_auto(GStrv) compilers = lines_of(compilers_text);
	g_auto(GStrv) backports = lines_of(backports_text);
	struct release_version v;
	struct oid oid;
	for (int i = 0; compilers[i]; i++) {
		g_autofree char *release = revision_in(compilers[i]);
		if (!release || strcmp(release, "*") == 0)
			continue;
		if (!release_parse(release, &v))
			return error_set(error, EINVAL,
					 "compilers: line %d: '%s' is not a release tag (vX.Y)",
					 i + 1, release);
		if (repo_resolve(repo, release, &oid, NULL) != 0)
			return error_set(error, EINVAL,
					 "compilers: line %d: the repository has no tag '%s'",
					 i + 1, release);
	}
	for (int i = 0; backports[i]; i++) {
		g_autofree char *rev = revision_in(backports[i]);
		err_t err = rev ? repo_resolve(repo, rev, &oid, error) : 0;
		if (err) {
			error_prefix(error, "backports: line %d", i + 1);
			return err;
		}
	}
	return 0;
}
