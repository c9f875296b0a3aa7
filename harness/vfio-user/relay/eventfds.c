// SPDX-License-Identifier: MIT
/*
 * The eventfds of a client's interrupts: which message brought them, and for which vectors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eventfds.h"

#define VECTORS		2048

/* vfio-user protocol, sections "Header" and "VFIO_USER_DEVICE_SET_IRQS"; linux/vfio.h */
#define HEADER_SIZE	16
#define SET_IRQS_SIZE	20
#define SET_IRQS	8
#define TYPE_MASK	0xf
#define TYPE_COMMAND	0
#define DATA_NONE	0x1
#define DATA_EVENTFD	0x4
#define ACTION_TRIGGER	0x20
#define MSIX_INDEX	2

/* As much of a message as says what it is about. */
struct message {
	unsigned char start[HEADER_SIZE + SET_IRQS_SIZE];
	uint32_t seen;
};

static int vectors[VECTORS] = { [0 ... VECTORS - 1] = -1 };
static int pending[FDS_LIMIT];
static int pending_count;
static struct message message;

/* Numbers are in the host's order, as both ends are on one host. */
static uint32_t number_at(size_t offset)
{
	uint32_t value;

	memcpy(&value, message.start + offset, sizeof(value));
	return value;
}

static void set_vector(uint32_t vector, int fd)
{
	if (vectors[vector] >= 0)
		close(vectors[vector]);
	vectors[vector] = fd;
}

static void forget_vectors(void)
{
	for (uint32_t i = 0; i < VECTORS; i++)
		set_vector(i, -1);
}

static void forget_pending(void)
{
	while (pending_count)
		close(pending[--pending_count]);
}

/* A message has been seen whole. Whether it makes sense is for the server to say; here it only must do no harm. */
static void heed_message(void)
{
	uint16_t command;
	uint32_t flags, index, first, count;
	int used = 0;

	memcpy(&command, message.start + 2, sizeof(command));
	if (command != SET_IRQS || (number_at(8) & TYPE_MASK) != TYPE_COMMAND || number_at(4) < sizeof(message.start))
		return;
	flags = number_at(HEADER_SIZE + 4);
	index = number_at(HEADER_SIZE + 8);
	first = number_at(HEADER_SIZE + 12);
	count = number_at(HEADER_SIZE + 16);
	if (index != MSIX_INDEX || !(flags & ACTION_TRIGGER) || first > VECTORS || count > VECTORS - first)
		return;
	if (flags & DATA_NONE && !count)
		forget_vectors();
	if (!(flags & DATA_EVENTFD))
		return;
	for (uint32_t i = 0; i < count; i++)
		set_vector(first + i, used < pending_count ? pending[used++] : -1);
	memmove(pending, pending + used, (pending_count - used) * sizeof(*pending));
	pending_count -= used;
}

/**
 * follow_messages - follow the stream from message to message
 *
 * Return: false where a message says it is shorter than its header: nobody can tell where the next begins.
 */
bool follow_messages(const unsigned char *bytes, size_t length)
{
	while (length) {
		uint32_t size = message.seen < HEADER_SIZE ? HEADER_SIZE : number_at(4);
		size_t take = size - message.seen < length ? size - message.seen : length;
		size_t kept = 0;

		if (message.seen < sizeof(message.start)) {
			kept = sizeof(message.start) - message.seen;
			kept = kept < take ? kept : take;
			memcpy(message.start + message.seen, bytes, kept);
		}
		message.seen += take;
		bytes += take;
		length -= take;
		if (message.seen < HEADER_SIZE)
			continue;
		if (number_at(4) < HEADER_SIZE)
			return false;
		if (message.seen == number_at(4)) {
			heed_message();
			/* What other messages bring is of no use: memory is reached by message. */
			forget_pending();
			message.seen = 0;
		}
	}
	return true;
}

/** bytes_wanted - how much may be read at once: to the end of a header, then to the end of its message */
size_t bytes_wanted(void)
{
	return (message.seen < HEADER_SIZE ? HEADER_SIZE : number_at(4)) - message.seen;
}

/**
 * keep_descriptors - keep what came along with what was read
 *
 * Descriptors come with the message that is being read: no read goes beyond one.
 */
void keep_descriptors(struct msghdr *header)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
		int count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fds[FDS_LIMIT];

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(control), count * sizeof(int));
		for (int i = 0; i < count; i++) {
			if (pending_count < FDS_LIMIT)
				pending[pending_count++] = fds[i];
			else
				close(fds[i]);
		}
	}
}

/**
 * signal_vector - write the eventfd of a vector
 *
 * Return: 1, 0 where the client gave none, -1 where it cannot be written.
 */
int signal_vector(unsigned long vector)
{
	const uint64_t once = 1;

	if (vector >= VECTORS || vectors[vector] < 0)
		return 0;
	return write(vectors[vector], &once, sizeof(once)) == sizeof(once) ? 1 : -1;
}

/** eventfds_begin - a client begins: nothing is known of what another one gave */
void eventfds_begin(void)
{
	forget_pending();
	forget_vectors();
	memset(&message, 0, sizeof(message));
}
