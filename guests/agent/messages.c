// SPDX-License-Identifier: MIT
/*
 * New zPCI messages: the kernel keeps the last few hundred in a ring of its debug feature (arch/s390/pci/pci_debug.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "observe.h"
#include "sysfs.h"

#define MESSAGES_PATH	"/sys/kernel/debug/s390dbf/pci_msg/sprintf"
#define FLUSH_PATH	"/sys/kernel/debug/s390dbf/pci_msg/flush"
#define MESSAGES_SIZE	(256 * 1024)
#define MESSAGES_LIMIT	1000
#define TEXT_LIMIT	256
#define PAGES_PATH	"/sys/kernel/debug/s390dbf/pci_msg/pages"
/* Pages of the ring, of eight: a look copies and searches all of them. They hold 102 messages. */
#define PAGES		"2"
/* Messages in the ring from which on having it forgotten costs less than reading them again each time. */
#define MANY		3

/* Not asked for each time: the kernel would have to find and clear the same pages again. */
static char ring[MESSAGES_SIZE];

/* The whole ring as text; an empty one where there is none, or as much as could be read. Good until the next time. */
static char *read_ring(void)
{
	read_attribute(MESSAGES_PATH, ring, sizeof(ring));
	return ring;
}

/* When a message was written, in microseconds: "area seconds:micros …". */
static uint64_t time_of(const char *line)
{
	uint64_t seconds, micros = 0;
	char *at;

	strtoul(line, &at, 10);
	seconds = strtoull(at, &at, 10);
	if (*at == ':')
		micros = strtoull(at + 1, NULL, 10);
	return seconds * 1000000 + micros;
}

/**
 * struct message - a line of the ring
 * @place: where it stands among them
 */
struct message {
	uint64_t time;
	size_t place;
	char *line;
};

static int compare_messages(const void *a, const void *b)
{
	const struct message *one = a, *other = b;

	if (one->time != other->time)
		return one->time < other->time ? -1 : 1;
	return one->place < other->place ? -1 : 1;
}

/*
 * The messages of a ring, oldest first. As text they come in the order of their places in memory: once the ring is full the
 * newest stand somewhere in the middle. The text is cut into lines.
 *
 * Return: their number.
 */
static size_t sort_ring(char *ring, struct message **messages)
{
	size_t count = 0, room = 1;
	char *line, *rest;

	for (const char *at = ring; *at; at++)
		room += *at == '\n';
	*messages = calloc(room, sizeof(**messages));
	if (!*messages)
		return 0;
	for (line = strtok_r(ring, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		(*messages)[count] = (struct message){ .time = time_of(line), .place = count, .line = line };
		count++;
	}
	qsort(*messages, count, sizeof(**messages), compare_messages);
	return count;
}

/* A line is "area time level exception cpu caller  text", two blanks before the text and nowhere before that. */
static void add_message(struct observer *observer, char *line)
{
	char *text = strstr(line, "  ");
	json_t *message;

	text = text ? text + 2 : line;
	if (strlen(text) > TEXT_LIMIT)
		text[TEXT_LIMIT] = '\0';
	message = json_string(text);
	if (json_array_size(observer->messages) >= MESSAGES_LIMIT || json_array_append_new(observer->messages, message))
		observer->dropped++;
}

/* Go through the ring; whether anything in it is newer than what was seen before. */
static bool take_news(struct observer *observer, bool reported)
{
	const uint64_t newest = observer->newest;
	uint32_t seen = observer->newest_count;
	struct message *messages = NULL;
	bool any = false, known = !observer->in_ring;
	size_t count;

	count = sort_ring(read_ring(), &messages);
	observer->in_ring = count;
	for (size_t i = 0; i < count; i++) {
		const uint64_t time = messages[i].time;

		known = known || time <= newest;
		if (time < newest)
			continue;
		/* Several may carry the same time: as many as were seen are old. */
		if (time == newest && seen) {
			seen--;
			continue;
		}
		observer->newest_count = time == observer->newest ? observer->newest_count + 1 : 1;
		observer->newest = time;
		if (reported)
			add_message(observer, messages[i].line);
		any = true;
	}
	free(messages);
	/* Of those that it kept none is left: there was no room for all that came. */
	if (!known)
		observer->dropped++;
	return any;
}

/**
 * messages_forget - have the kernel forget its messages
 *
 * For a machine that is nobody else's: what a predecessor left makes every look at the ring longer.
 */
void messages_forget(void)
{
	write_attribute(FLUSH_PATH, "-");
}

/**
 * messages_keep_few - have the kernel keep fewer messages
 *
 * For such a machine as well, before the kernel log is looked at: it says so there.
 */
void messages_keep_few(void)
{
	write_attribute(PAGES_PATH, PAGES);
}

void messages_start(struct observer *observer)
{
	memset(ring, 0, sizeof(ring));
	take_news(observer, false);
}

/**
 * messages_drain - take the messages that are new
 *
 * Return: whether there were any.
 */
bool messages_drain(struct observer *observer)
{
	return take_news(observer, true);
}

/**
 * messages_are_many - whether the ring is full of what was taken already
 */
bool messages_are_many(const struct observer *observer)
{
	return observer->in_ring > MANY;
}

/**
 * messages_shorten - have the kernel forget what was taken, unless there is something new
 *
 * For a time when no thread has anything to do: what came between reading and forgetting would never be told.
 */
void messages_shorten(struct observer *observer)
{
	if (take_news(observer, true))
		return;
	messages_forget();
	observer->in_ring = 0;
	observer->newest_count = 0;
}
