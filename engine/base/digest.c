#include "digest.h"

#include <string.h>
#include <sys/stat.h>

/* No text that comes here holds these bytes. */
#define ABSENT "\001"
#define END_OF_LIST "\002"

void digest_text(GChecksum *sum, const char *text)
{
	const char *t = text ? text : ABSENT;
	/* with the NUL: "ab" "c" is not "a" "bc" */
	g_checksum_update(sum, (const guchar *)t, (gssize)strlen(t) + 1);
}

void digest_list(GChecksum *sum, char *const *list)
{
	for (char *const *p = list; p && *p; p++)
		digest_text(sum, *p);
	digest_text(sum, list ? END_OF_LIST : NULL);
}

void digest_file(GChecksum *sum, const char *path)
{
	g_autofree char *data = NULL;
	gsize len = 0;
	g_file_get_contents(path, &data, &len, NULL);
	g_checksum_update(sum, (const guchar *)&len, sizeof(len));
	if (len)
		g_checksum_update(sum, (const guchar *)data, (gssize)len);
}

void digest_identity(GChecksum *sum, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		digest_text(sum, NULL);
		return;
	}
	g_autofree char *text = g_strdup_printf(
		"%llu %llu %lld %lld.%09ld %lld.%09ld", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
		st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	digest_text(sum, text);
}

void digest_program(GChecksum *sum, const char *command)
{
	g_autofree char *name = g_strndup(command, strcspn(command, " \t"));
	g_autofree char *path = g_find_program_in_path(name);
	struct stat st;
	if (!path || stat(path, &st) != 0)
		return;
	g_autofree char *text =
		g_strdup_printf("%s %lld %lld %lld", path, (long long)st.st_size,
				(long long)st.st_mtim.tv_sec, (long long)st.st_mtim.tv_nsec);
	digest_text(sum, text);
}
