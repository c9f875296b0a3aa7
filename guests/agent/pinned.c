// SPDX-License-Identifier: MIT
/*
 * What the kernel holds on to of this process' memory for devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "operations.h"
#include "sysfs.h"

#define STATISTICS_SIZE	16384

/* The number after a name at the beginning of a line; -1 where there is no such line. */
static long long number_after(const char *text, const char *name)
{
	const size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length))
			return strtoll(line + length, NULL, 10);
	}
	return -1;
}

/**
 * pinned - pages that are pinned, and what they are counted as
 *
 * The kernel counts pins and their ends for the whole machine, by processor: these counts are added up first. What the
 * process is charged with is pages of type1 (locked) and of iommufd (pinned), in KiB.
 */
int pinned(struct agent *agent, struct request *request)
{
	char *text;
	long long acquired, released;
	size_t length;
	int error;

	(void)agent;
	if (request_refused(request))
		return REFUSED;
	text = malloc(STATISTICS_SIZE);
	if (!text)
		return ENOMEM;
	read_attribute("/proc/sys/vm/stat_refresh", text, STATISTICS_SIZE);
	/* Of many records: one read gives as many as fit a page of the kernel's. */
	error = read_file("/proc/vmstat", text, STATISTICS_SIZE - 1, &length);
	text[length] = '\0';
	acquired = number_after(text, "nr_foll_pin_acquired ");
	released = number_after(text, "nr_foll_pin_released ");
	if (!error)
		error = read_attribute("/proc/self/status", text, STATISTICS_SIZE);
	if (!error) {
		value_number(request, "pages", acquired - released);
		value_number(request, "locked", number_after(text, "VmLck:"));
		value_number(request, "charged", number_after(text, "VmPin:"));
	}
	free(text);
	return error;
}
