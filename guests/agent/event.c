// SPDX-License-Identifier: MIT
/*
 * Events that are told to this kernel while it settles, by who can stop it: what the kernel does about one is waited for.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "observe.h"
#include "operations.h"
#include "sysfs.h"

/* Name of the thread that handles an event. */
#define EVENT_THREAD	"zhil-event"

/**
 * event_is_open - whether there is an event that the kernel has not done with
 */
bool event_is_open(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (processes && !found && (entry = readdir(processes))) {
		char path[PATH_SIZE], name[32] = "";

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		found = !read_attribute(path, name, sizeof(name)) && !strcmp(name, EVENT_THREAD);
	}
	if (processes)
		closedir(processes);
	return found;
}

/* The event is told on the way; where it takes away a function that is held, it is not done with until that is let go of. */
int event(struct agent *agent, struct request *request)
{
	struct function *leaves = request_has(request, "function") ? take_function(&agent->table, request) : NULL;

	if (request_refused(request))
		return REFUSED;
	agent->observer.told = true;
	if (leaves && leaves->device >= 0 && !leaves->leaving) {
		leaves->leaving = true;
		agent->observer.leaving++;
	}
	return observe_reports_handled(&agent->observer) ? 0 : ENOTSUP;
}
