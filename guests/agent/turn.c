// SPDX-License-Identifier: MIT
/*
 * Whose turn it is: what the kernel's threads do is to come where an operation sleeps, and to be over when it is looked for,
 * whatever the scheduler sees fit.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "turn.h"

/* Who comes last is asked for a turn, and says that it had one. */
static int asked = -1, had = -1;

static void set_policy(int policy)
{
	struct sched_param parameters = { .sched_priority = sched_get_priority_min(policy) };

	if (sched_setscheduler(0, policy, &parameters))
		perror("zhil-agent: Cannot change its scheduling policy");
}

/**
 * be_first - be ahead of all threads that are not real-time ones, the kernel's among them: they run where the worker sleeps
 */
void be_first(void)
{
	set_policy(SCHED_FIFO);
}

/**
 * be_one_of_many - be as any other thread
 */
void be_one_of_many(void)
{
	set_policy(SCHED_OTHER);
}

static void *be_last(void *unused)
{
	uint64_t turns;

	(void)unused;
	set_policy(SCHED_IDLE);
	while (read(asked, &turns, sizeof(turns)) == sizeof(turns) && write(had, &turns, sizeof(turns)) == sizeof(turns))
		;
	return NULL;
}

/**
 * turn_start - have a thread that runs on this processor only when nobody else wants to
 *
 * Return: whether there is one.
 */
bool turn_start(void)
{
	pthread_t thread;

	asked = eventfd(0, EFD_CLOEXEC);
	had = eventfd(0, EFD_CLOEXEC);
	return asked >= 0 && had >= 0 && !pthread_create(&thread, NULL, be_last, NULL);
}

/**
 * wait_for_last_turn - sleep until that thread had a turn
 *
 * The worker does not change its own place for it: a kernel that slept under a spinlock takes it for an interrupt, which may
 * not do that, until it sleeps.
 */
void wait_for_last_turn(void)
{
	uint64_t turns = 1;

	if (write(asked, &turns, sizeof(turns)) == sizeof(turns) && read(had, &turns, sizeof(turns)) == sizeof(turns))
		return;
	perror("zhil-agent: Cannot wait for the last turn");
}
