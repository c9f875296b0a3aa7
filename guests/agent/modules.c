// SPDX-License-Identifier: MIT
/*
 * Modules that came with the kernel: what a distribution does not build in.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define MODULES		"/modules"

static int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		error = errno;
	close(fd);
	return error;
}

/**
 * load_modules - load the modules that the list beside them names, in its order
 *
 * The list has a file name a line, each after those it depends on. A module that fails is said and the next one tried.
 * Where there is no list the kernel needs no modules.
 */
void load_modules(void)
{
	FILE *list = fopen(MODULES "/load", "re");
	char *name = NULL;
	size_t size = 0;

	if (!list)
		return;
	while (getline(&name, &size, list) > 0) {
		char path[PATH_MAX];
		int error;

		name[strcspn(name, "\n")] = '\0';
		if (!*name)
			continue;
		snprintf(path, sizeof(path), MODULES "/%s", name);
		error = load_module(path);
		if (error)
			complain("load", path, error);
	}
	free(name);
	fclose(list);
}
