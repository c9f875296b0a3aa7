// SPDX-License-Identifier: MIT
/*
 * New records of the kernel log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe.h"

#define RECORDS_LIMIT	200
#define TEXT_LIMIT	512

/* Longest record that /dev/kmsg gives (kernel/printk/internal.h, PRINTK_MESSAGE_MAX), doubled. */
#define RECORD_SIZE	4096

void kmsg_start(struct observer *observer)
{
	observer->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (observer->kmsg >= 0)
		lseek(observer->kmsg, 0, SEEK_END);
}

/*
 * A record is "priority,sequence,time,flags[,…];text\n", then lines of a dictionary. The kernel escapes what is not
 * printable ASCII.
 */
static void add_record(struct observer *observer, char *record)
{
	char *text = strchr(record, ';');
	json_t *entry;

	if (!text || json_array_size(observer->log) >= RECORDS_LIMIT) {
		observer->dropped++;
		return;
	}
	text[1 + strcspn(text + 1, "\n")] = '\0';
	if (strlen(text + 1) > TEXT_LIMIT)
		text[1 + TEXT_LIMIT] = '\0';
	entry = json_pack("{s:i, s:s}", "level", atoi(record) & 7, "text", text + 1);
	if (!entry || json_array_append_new(observer->log, entry))
		observer->dropped++;
}

/**
 * kmsg_drain - take the records that are new
 *
 * Return: whether there were any.
 */
bool kmsg_drain(struct observer *observer)
{
	char record[RECORD_SIZE];
	bool any = false;

	while (observer->kmsg >= 0) {
		ssize_t length = read(observer->kmsg, record, sizeof(record) - 1);

		if (length < 0 && errno == EINTR)
			continue;
		/* Records were overwritten before they were read: go on with the oldest there is. */
		if (length < 0 && errno == EPIPE) {
			observer->dropped++;
			continue;
		}
		if (length <= 0)
			break;
		record[length] = '\0';
		add_record(observer, record);
		any = true;
	}
	return any;
}
