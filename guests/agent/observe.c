// SPDX-License-Identifier: MIT
/*
 * What is observed after each operation, without being asked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "observe.h"
#include "turn.h"

/* A write to this waits until the kernel has handled every channel report that the machine has pending. */
#define SETTLE_PATH		"/proc/cio_settle"

/* Rounds of a millisecond in which nothing new may come, and for how many microseconds that is tried. */
#define QUIET_ROUNDS		20
#define QUIET_ROUNDS_DRAINED	3
#define SETTLE_LIMIT		4000000

/**
 * observe_start - begin to observe; what the kernel said so far is not reported
 * @emulated: what devices do is done when an instruction ends, and no later, as hardware may
 */
void observe_start(struct observer *observer, bool emulated)
{
	memset(observer, 0, sizeof(*observer));
	observer->messages = json_array();
	observer->log = json_array();
	kmsg_start(observer);
	messages_start(observer);
	observer->settle = open(SETTLE_PATH, O_WRONLY | O_CLOEXEC);
	observer->by_turns = emulated && sysconf(_SC_NPROCESSORS_ONLN) == 1 && turn_start();
}

/**
 * observe_reports_handled - wait until the kernel has handled every channel report that is pending
 *
 * Return: false where it does not offer to.
 */
bool observe_reports_handled(const struct observer *observer)
{
	return observer->settle >= 0 && write(observer->settle, "1", 1) == 1;
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

/*
 * Wait until the kernel's threads have done what there is for them to do: on a machine of one processor all have when it is
 * the last one's turn.
 *
 * Return: false where that cannot be said.
 */
static bool let_finish(const struct observer *observer)
{
	if (!observer->by_turns || observer->leaving || !observe_reports_handled(observer))
		return false;
	wait_for_last_turn();
	return true;
}

/*
 * Let go of the processor for rounds of a millisecond in which the kernel has time to bring what is pending. Where it offers
 * to wait for the thread that handles channel reports, a few are enough: what then still comes was not caused by an event
 * that is pending now.
 */
static void pass_rounds(const struct observer *observer)
{
	for (int round = 0; round < QUIET_ROUNDS; round++) {
		/* The thread that handles channel reports waits for us while we hold what is to be let go of. */
		bool drained = !observer->leaving && observe_reports_handled(observer);

		if (drained && round >= QUIET_ROUNDS_DRAINED - 1)
			return;
		sleep_micros(1000);
	}
}

/**
 * observe_settle - wait until the kernel has nothing new to say, and take all that it said
 *
 * Error events come to the kernel as channel reports, handled by a thread of their own. To look for news costs more than to
 * wait for them.
 *
 * Return: false where it never got quiet.
 */
bool observe_settle(struct observer *observer)
{
	const uint64_t end = clock_micros() + SETTLE_LIMIT;
	bool quiet = false;

	while (!quiet) {
		if (clock_micros() >= end)
			return false;
		/* An event's thread may have to wait for something: that takes time, not a turn. */
		if (observer->told || !let_finish(observer))
			pass_rounds(observer);
		observer->told = observer->told && (observer->leaving || event_is_open());
		quiet = !observe_drain(observer) && (!observer->told || observer->leaving);
	}
	return true;
}

/* Whether an error event, or anything else of a function that the kernel did not do by itself, is among the messages. */
static bool heard_of_event(const struct observer *observer)
{
	json_t *message;
	size_t i;

	json_array_foreach(observer->messages, i, message)
		if (!strncmp(json_string_value(message), "err ", 4) || !strncmp(json_string_value(message), "avl ", 4))
			return true;
	return false;
}

/**
 * observe_settle_quickly - take what is new once the kernel has handled the channel reports that are pending
 *
 * For whoever does not mind where what comes later is told, with a later request. Where an event or the kernel log says that
 * something is going on, that is waited for as ever.
 *
 * Return: false where it never got quiet.
 */
bool observe_settle_quickly(struct observer *observer)
{
	if (observer->leaving || observer->told || !observe_reports_handled(observer))
		return observe_settle(observer);
	observe_drain(observer);
	if (!json_array_size(observer->log) && !heard_of_event(observer))
		return true;
	return observe_settle(observer);
}

/**
 * observe_shorten - keep what every look costs from growing with what was seen before
 *
 * On a machine of one processor, when all had their turn: nobody is left who would write a message meanwhile.
 */
void observe_shorten(struct observer *observer)
{
	if (messages_are_many(observer) && !observer->told && let_finish(observer))
		messages_shorten(observer);
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

/* Puts a list into an answer, and begins another; one of nothing need not be told. */
static void report_list(json_t *answer, const char *key, json_t **list, enum manner manner)
{
	if (manner != FULLY && !json_array_size(*list))
		return;
	json_object_set_new(answer, key, *list);
	*list = json_array();
}

static void report_object(json_t *answer, const char *key, json_t *object, enum manner manner)
{
	if (manner == FULLY || json_object_size(object))
		json_object_set_new(answer, key, object);
	else
		json_decref(object);
}

/**
 * observe_report - put everything observed since the last report into an answer
 */
void observe_report(struct observer *observer, struct table *table, enum manner manner, json_t *answer)
{
	report_object(answer, "functions", view_functions(table, manner), manner);
	report_list(answer, "messages", &observer->messages, manner);
	report_list(answer, "log", &observer->log, manner);
	report_object(answer, "memory", view_memory(table), manner);
	if (manner == FULLY || observer->dropped)
		json_object_set_new(answer, "dropped", json_integer(observer->dropped));
	observer->dropped = 0;
}
