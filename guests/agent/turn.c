// SPDX-License-Identifier: MIT
/*
 * Whose turn it is: what the kernel's threads do is to come where an operation sleeps, and to be over when it is looked for,
 * whatever the scheduler sees fit.
 */
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>

#include "turn.h"

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

/**
 * be_last - have the next turn on this processor only when nobody else wants one
 */
void be_last(void)
{
	set_policy(SCHED_IDLE);
	sched_yield();
}
