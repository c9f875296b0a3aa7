// SPDX-License-Identifier: MIT
/*
 * Framing: a 4-byte big-endian length, then so many bytes of JSON.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"

#define HEADER_SIZE	sizeof(uint32_t)

/**
 * channel_init - make a channel of two descriptors
 *
 * Return: 0, or -1 where there is no memory.
 */
int channel_init(struct channel *channel, int in, int out)
{
	channel->in = in;
	channel->out = out;
	channel->length = 0;
	channel->body = malloc(FRAME_LIMIT);
	return channel->body ? 0 : -1;
}

static bool read_fully(int fd, void *buffer, size_t length)
{
	char *at = buffer;

	while (length) {
		ssize_t n = read(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= n;
	}
	return true;
}

static bool write_fully(int fd, const void *buffer, size_t length)
{
	const char *at = buffer;

	while (length) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= n;
	}
	return true;
}

/**
 * channel_read - wait for the next frame
 */
enum frame channel_read(struct channel *channel)
{
	uint32_t length;

	if (!read_fully(channel->in, &length, HEADER_SIZE))
		return FRAME_END;
	length = be32toh(length);
	channel->length = length;
	if (length && length <= FRAME_LIMIT)
		return read_fully(channel->in, channel->body, length) ? FRAME_READ : FRAME_END;

	while (length) {
		uint32_t part = length < FRAME_LIMIT ? length : FRAME_LIMIT;

		if (!read_fully(channel->in, channel->body, part))
			return FRAME_END;
		length -= part;
	}
	return FRAME_REFUSED;
}

/**
 * channel_write - send a message
 *
 * On a virtio port this waits until the host is connected.
 *
 * Return: 0; -E2BIG where the message does not fit a frame, -EIO where it could not be written.
 */
int channel_write(struct channel *channel, const json_t *message)
{
	size_t length = json_dumpb(message, NULL, 0, JSON_COMPACT);
	uint32_t header = htobe32(length);
	bool written;
	char *frame;

	if (!length || length > FRAME_LIMIT)
		return -E2BIG;
	frame = malloc(HEADER_SIZE + length);
	if (!frame)
		return -EIO;
	/* One write for header and body: half a frame must never be all that is sent. */
	memcpy(frame, &header, HEADER_SIZE);
	json_dumpb(message, frame + HEADER_SIZE, length, JSON_COMPACT);
	written = write_fully(channel->out, frame, HEADER_SIZE + length);
	free(frame);
	return written ? 0 : -EIO;
}
