// SPDX-License-Identifier: MIT
/*
 * New zPCI messages: the kernel keeps the last few hundred in a ring of its debug feature (arch/s390/pci/pci_debug.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe.h"

#define MESSAGES_PATH	"/sys/kernel/debug/s390dbf/pci_msg/sprintf"
#define MESSAGES_SIZE	(256 * 1024)
#define MESSAGES_LIMIT	1000
#define TEXT_LIMIT	256

/* The whole ring as text, oldest first; an empty one where there is none. */
static char *read_ring(void)
{
	int fd = open(MESSAGES_PATH, O_RDONLY | O_CLOEXEC);
	char *ring = malloc(MESSAGES_SIZE);
	size_t length = 0;
	ssize_t n;

	while (ring && fd >= 0 && length < MESSAGES_SIZE - 1) {
		n = read(fd, ring + length, MESSAGES_SIZE - 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += n;
	}
	if (fd >= 0)
		close(fd);
	if (ring)
		ring[length] = '\0';
	return ring;
}

/*
 * Where in the ring the news begin. As long as nothing was overwritten the ring begins with what was seen before; after that
 * the last message seen marks the place, for each carries its time. Where even that is gone all of it is new.
 */
static char *find_news(char *ring, const char *seen)
{
	size_t length = strlen(seen);
	const char *last = seen + length;
	char *found;

	if (!strncmp(ring, seen, length))
		return ring + length;
	while (last > seen && (last == seen + length || last[-1] != '\n'))
		last--;
	found = strstr(ring, last);
	return found ? found + strlen(last) : ring;
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

void messages_start(struct observer *observer)
{
	observer->seen = read_ring();
}

/**
 * messages_drain - take the messages that are new
 *
 * Return: whether there were any.
 */
bool messages_drain(struct observer *observer)
{
	char *ring = read_ring();
	char *lines, *line, *rest;
	bool any = false;

	if (!ring || !observer->seen) {
		free(ring);
		return false;
	}
	lines = strdup(find_news(ring, observer->seen));
	for (line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		add_message(observer, line);
		any = true;
	}
	free(lines);
	free(observer->seen);
	observer->seen = ring;
	return any;
}
