/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_OBSERVE_H
#define ZHIL_OBSERVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;
struct function;

/* The place among a domain's counters of how often the whole table was flushed. */
#define COUNTER_GLOBAL		2

/**
 * enum manner - how much is said of what is observed
 * @FULLY: all
 * @BRIEFLY: what is not as it was when it was last said
 * @IN_PASSING: the same of what costs little: the domains' counters and the memory
 */
enum manner { FULLY, BRIEFLY, IN_PASSING };

/**
 * struct observer - what is seen without being asked for
 * @settle: what is written to to have pending channel reports handled, -1 without
 * @by_turns: the machine has one processor, so that whoever comes last finds all done
 * @kmsg: /dev/kmsg, -1 without
 * @newest: when the newest zPCI message seen was written, in microseconds
 * @newest_count: how many that were seen carry that time
 * @in_ring: how many the kernel kept when it was last asked
 * @messages: new zPCI messages, without what comes before their text
 * @log: new kernel log records
 * @dropped: how many more there were
 * @told: an event was told that the kernel may not have done with
 * @leaving: functions that are to be let go of and are held: channel reports are not handled until they are not
 */
struct observer {
	int settle;
	bool by_turns;
	int kmsg;
	uint64_t newest;
	uint32_t newest_count;
	size_t in_ring;
	json_t *messages;
	json_t *log;
	uint32_t dropped;
	bool told;
	unsigned int leaving;
};

void observe_start(struct observer *observer, bool emulated);
bool observe_drain(struct observer *observer);
bool observe_reports_handled(const struct observer *observer);
bool observe_settle(struct observer *observer);
bool observe_settle_quickly(struct observer *observer);
void observe_shorten(struct observer *observer);
bool observe_error_of(const struct observer *observer, uint32_t fid);
void observe_report(struct observer *observer, struct table *table, enum manner manner, json_t *answer);

/* messages.c, kmsg.c: add what is new; whether anything was. */
void messages_forget(void);
void messages_keep_few(void);
void messages_start(struct observer *observer);
bool messages_drain(struct observer *observer);
bool messages_are_many(const struct observer *observer);
void messages_shorten(struct observer *observer);
void kmsg_start(struct observer *observer);
bool kmsg_drain(struct observer *observer);

/* event.c */
bool event_is_open(void);

/* views.c */
json_t *view_functions(struct table *table, enum manner manner);
json_t *view_memory(struct table *table);
json_t *view_page(const unsigned char *page);
bool read_counters(struct function *function, uint64_t *values);

#endif
