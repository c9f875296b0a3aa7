// SPDX-License-Identifier: MIT
/*
 * virtio-serial ports, by name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "port.h"
#include "sysfs.h"

#define PORTS		"/sys/class/virtio-ports"
#define ROUNDS_LIMIT	10000

/* The device's name of the port that is called @name; an empty one where there is none. */
static void find_port(const char *name, char *device, size_t size)
{
	char path[PATH_SIZE], found[64];
	DIR *ports = opendir(PORTS);
	struct dirent *entry;

	*device = '\0';
	while (ports && !*device && (entry = readdir(ports))) {
		snprintf(path, sizeof(path), PORTS "/%.64s/name", entry->d_name);
		if (!read_attribute(path, found, sizeof(found)) && !strcmp(found, name))
			snprintf(device, size, "/dev/%.64s", entry->d_name);
	}
	if (ports)
		closedir(ports);
}

/**
 * port_open - open the port of a name, which the host may announce a moment after boot
 *
 * Return: its descriptor, or -1.
 */
int port_open(const char *name)
{
	char device[80];

	for (int round = 0; round < ROUNDS_LIMIT; round++) {
		int fd = -1;

		find_port(name, device, sizeof(device));
		if (*device)
			fd = open(device, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		sleep_micros(1000);
	}
	return -1;
}
