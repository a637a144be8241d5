/* libFuzzer's target for profiles: any bytes are one. */
#include "engine/store/profile.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	struct profile p;
	struct error why;
	if (!*path)
		snprintf(path, sizeof(path), "/dev/shm/bisectfs-fuzz-%d", (int)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	close(fd);
	profile_init(&p);
	if (profile_load(&p, path, &why) == 0) {
		if (p.builders < 1 || profile_vms(&p) < 1)
			abort();
	} else if (!strstr(why.text, path)) {
		abort(); /* each refusal names the file */
	}
	profile_clear(&p);
	unlink(path);
	return 0;
}
