// SPDX-License-Identifier: MIT
/*
 * What is observed after each operation, without being asked for.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "observe.h"
#include "sysfs.h"

/* Rounds of a millisecond in which nothing new may come, and rounds altogether. */
#define QUIET_ROUNDS		20
#define QUIET_ROUNDS_DRAINED	3
#define ROUNDS_LIMIT		2000

/**
 * observe_start - begin to observe; what the kernel said so far is not reported
 */
void observe_start(struct observer *observer)
{
	memset(observer, 0, sizeof(*observer));
	observer->messages = json_array();
	observer->log = json_array();
	kmsg_start(observer);
	messages_start(observer);
}

/**
 * observe_drain - take what is new
 *
 * Return: whether anything was.
 */
bool observe_drain(struct observer *observer)
{
	bool messages = messages_drain(observer);
	bool log = kmsg_drain(observer);

	return messages || log;
}

/**
 * observe_settle - wait until the kernel has nothing new to say
 *
 * Error events come to the kernel as channel reports, handled by a thread of their own. Where the kernel offers to wait for
 * that thread a few quiet rounds are enough, for what then still comes was not caused by an event that is pending now.
 *
 * Return: false where it never got quiet.
 */
bool observe_settle(struct observer *observer)
{
	int quiet = 0;

	for (int round = 0; round < ROUNDS_LIMIT; round++) {
		/* The thread that handles channel reports waits for us while we hold what is to be let go of. */
		bool drained = !observer->leaving && !write_attribute(SETTLE_PATH, "1");

		observer->told = observer->told && (observer->leaving || event_is_open());
		quiet = observe_drain(observer) || (observer->told && !observer->leaving) ? 0 : quiet + 1;
		if (quiet >= (drained ? QUIET_ROUNDS_DRAINED : QUIET_ROUNDS))
			return true;
		sleep_micros(1000);
	}
	return false;
}

/**
 * observe_error_of - whether an error event of a function is among what was drained since the last answer
 */
bool observe_error_of(const struct observer *observer, uint32_t fid)
{
	json_t *message;
	char start[32];
	size_t i;

	snprintf(start, sizeof(start), "err fid:%x,", fid);
	json_array_foreach(observer->messages, i, message)
		if (!strncmp(json_string_value(message), start, strlen(start)))
			return true;
	return false;
}

/**
 * observe_report - put everything observed since the last report into an answer
 */
void observe_report(struct observer *observer, struct table *table, json_t *answer)
{
	json_object_set_new(answer, "functions", view_functions(table));
	json_object_set_new(answer, "messages", observer->messages);
	json_object_set_new(answer, "log", observer->log);
	json_object_set_new(answer, "dropped", json_integer(observer->dropped));
	json_object_set_new(answer, "memory", view_memory(table));
	observer->messages = json_array();
	observer->log = json_array();
	observer->dropped = 0;
}
