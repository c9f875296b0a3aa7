// SPDX-License-Identifier: MIT
/*
 * What the first process of a machine has to do before anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errno-name.h"
#include "init.h"
#include "sysfs.h"

static const struct {
	const char *type;
	const char *where;
} mounts[] = {
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
	{ "devtmpfs", "/dev" },
	{ "debugfs", "/sys/kernel/debug" },
	{ "tmpfs", "/tmp" },
};

/**
 * complain - say on the console what could not be done
 */
void complain(const char *what, const char *about, int error)
{
	char unnamed[ERRNO_NAME_SIZE];

	fprintf(stderr, "zhil-agent: Cannot %s \"%s\": %s\n", what, about, errno_name(error, unnamed));
}

/* The kernel opened no console where the initramfs has no /dev/console; and 0 to 2 must not become a device. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	for (int i = 0; fd >= 0 && i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/**
 * init_system - mount file systems, open the console, keep drivers away from functions to come, load modules
 */
void init_system(void)
{
	int failed[sizeof(mounts) / sizeof(*mounts)] = { 0 };
	int error;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL) && errno != EBUSY)
			failed[i] = errno;
	}
	open_console();
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++)
		if (failed[i])
			complain("mount", mounts[i].type, failed[i]);

	error = write_attribute("/sys/bus/pci/drivers_autoprobe", "0");
	if (error)
		complain("write", "drivers_autoprobe", error);
	load_modules();
}
