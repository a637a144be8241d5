/*
 * Small settings go into the digest by their text, files by their content.
 */
#include "experiment.h"

#include "state_dir.h"

#include "engine/base/digest.h"
#include "engine/base/file.h"

#include <string.h>

void experiment_add_user(GChecksum *sum, const struct spawn_user *user)
{
	if (!user)
		return;
	g_autofree char *uid = g_strdup_printf("user %u", (unsigned)user->uid);
	digest_text(sum, uid);
}

static void add_files(GChecksum *sum, const char *dir)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(dir, names->pdata[i], NULL);
		digest_text(sum, names->pdata[i]);
		digest_file(sum, path);
	}
}

char *experiment_key(const char *state, const char *name, const struct settings *settings,
		     const struct spawn_user *user)
{
	static const enum setting small[] = {
		SET_ROOTFS, SET_RUNS, SET_CONFIDENCE, SET_TIMEOUT,    SET_READY, SET_BOOT_TIMEOUT,
		SET_PASS,   SET_FAIL, SET_MATCH,      SET_MEMORY,     SET_CPUS,	 SET_CMDLINE,
		SET_ARCH,   SET_TEST, SET_ON_TIMEOUT, SET_SKIP_STATUS
	};
	static const enum setting large[] = { SET_REPRODUCER, SET_DOMAIN };
	if (strcmp(settings_text(settings, SET_MATCH), "type") == 0)
		return NULL;
	if (*settings_text(settings, SET_METRIC))
		return NULL; /* numbers are compared with those of the same search alone */
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
		digest_text(sum, settings_text(settings, small[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(large); i++) {
		g_autofree char *path = state_dir_setting(state, name, setting_name(large[i]));
		digest_file(sum, path);
	}
	/* gigabytes that nobody waits for to be read: one that was repaired in place is another one
	 */
	if (*settings_text(settings, SET_ROOTFS))
		digest_identity(sum, settings_text(settings, SET_ROOTFS));
	g_autofree char *files = state_dir_setting(state, name, SETTING_FILES_DIR);
	add_files(sum, files);
	experiment_add_user(sum, user);
	return g_strdup(g_checksum_get_string(sum));
}
