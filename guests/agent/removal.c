// SPDX-License-Identifier: MIT
/*
 * A function is taken from the PCI core while it may be held: that waits until its device is closed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "operations.h"
#include "sysfs.h"

/**
 * struct removal - a write to the attribute "remove" of a function
 * @error: what it ended with
 * @over: it has ended
 */
struct removal {
	pthread_t thread;
	char path[PATH_SIZE];
	int error;
	bool over;
};

static void *write_remove(void *argument)
{
	struct removal *removal = argument;

	removal->error = write_attribute(removal->path, "1");
	__atomic_store_n(&removal->over, true, __ATOMIC_RELEASE);
	return NULL;
}

/**
 * removal_end - wait for the end of a removal that waited for its device to be closed
 *
 * Return: 0 or the errno it ended with; 0 without one.
 */
int removal_end(struct function *function)
{
	struct removal *removal = function->removal;
	int error;

	if (!removal)
		return 0;
	pthread_join(removal->thread, NULL);
	error = removal->error;
	function->removal = NULL;
	free(removal);
	return error;
}

/*
 * Answers when the function is gone, or when it has no driver any more, which is as far as it goes while it is held: here, or by
 * somebody else of whom the request tells.
 */
int remove_function(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	bool held = take_bool_or(request, "held", false);
	struct removal *removal;
	char driver[PATH_SIZE];
	int error;

	if (request_refused(request))
		return REFUSED;
	if (function->removal)
		return EBUSY;
	removal = calloc(1, sizeof(*removal));
	if (!removal)
		return step_failed(request, "memory", ENOMEM);
	function_path(removal->path, function, "remove");
	function_path(driver, function, "driver");
	error = pthread_create(&removal->thread, NULL, write_remove, removal);
	if (error) {
		free(removal);
		return step_failed(request, "thread", error);
	}
	function->removal = removal;
	held = held || function->device >= 0;
	/* One processor: the other thread goes on when this one waits. */
	while (!__atomic_load_n(&removal->over, __ATOMIC_ACQUIRE) && (!held || path_exists(driver)))
		sched_yield();
	return __atomic_load_n(&removal->over, __ATOMIC_ACQUIRE) ? removal_end(function) : 0;
}

/* Answers when a removal that waited for who held the function is over. */
int await_removal(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return function->removal ? removal_end(function) : ENOENT;
}
