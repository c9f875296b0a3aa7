// SPDX-License-Identifier: MIT
/*
 * Framing: a 4-byte big-endian length, then so many bytes of JSON.
 */
#include <endian.h>
#include <errno.h>
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
	channel->taken = 0;
	channel->read = 0;
	channel->kept = NULL;
	channel->kept_length = 0;
	channel->kept_room = 0;
	channel->body = malloc(FRAME_LIMIT);
	return channel->body ? 0 : -1;
}

/*
 * Read what there is, and at most what there is room for. A frame mostly comes as a whole: two calls for it would cost a clone
 * as much as what is asked for, for each has all that the processor knows of memory forgotten.
 */
static bool read_ahead(struct channel *channel)
{
	ssize_t n;

	do
		n = read(channel->in, channel->ahead, sizeof(channel->ahead));
	/* One that must not wait looks until there is something. */
	while (n < 0 && (errno == EINTR || errno == EAGAIN));
	channel->taken = 0;
	channel->read = n > 0 ? n : 0;
	return n > 0;
}

static bool read_fully(struct channel *channel, void *buffer, size_t length)
{
	char *at = buffer;

	while (length) {
		size_t part = channel->read - channel->taken;

		if (!part && !read_ahead(channel))
			return false;
		part = channel->read - channel->taken < length ? channel->read - channel->taken : length;
		memcpy(at, channel->ahead + channel->taken, part);
		channel->taken += part;
		at += part;
		length -= part;
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

	if (!read_fully(channel, &length, HEADER_SIZE))
		return FRAME_END;
	length = be32toh(length);
	channel->length = length;
	if (length && length <= FRAME_LIMIT)
		return read_fully(channel, channel->body, length) ? FRAME_READ : FRAME_END;

	while (length) {
		uint32_t part = length < FRAME_LIMIT ? length : FRAME_LIMIT;

		if (!read_fully(channel, channel->body, part))
			return FRAME_END;
		length -= part;
	}
	return FRAME_REFUSED;
}

/* What is kept goes out before it is more than this. */
#define KEPT_LIMIT	(64 * 1024)

static int write_kept(struct channel *channel)
{
	bool written = write_fully(channel->out, channel->kept, channel->kept_length);

	channel->kept_length = 0;
	return written ? 0 : -EIO;
}

/* A message is mostly shorter than this: it is made in one go. */
#define USUAL_LENGTH	(16 * 1024)

static bool make_room(struct channel *channel, size_t room)
{
	char *kept;

	if (room <= channel->kept_room)
		return true;
	kept = realloc(channel->kept, room);
	if (!kept)
		return false;
	channel->kept = kept;
	channel->kept_room = room;
	return true;
}

/**
 * channel_write - send a message
 * @more: another one follows soon: it may wait for that, for each write costs as much as many operations
 *
 * On a virtio port this waits until the host is connected.
 *
 * Return: 0; -E2BIG where the message does not fit a frame, -EIO where it could not be written.
 */
int channel_write(struct channel *channel, const json_t *message, bool more)
{
	const size_t begin = channel->kept_length + HEADER_SIZE;
	uint32_t header;
	size_t length;

	if (!make_room(channel, begin + USUAL_LENGTH))
		return -EIO;
	length = json_dumpb(message, channel->kept + begin, channel->kept_room - begin, JSON_COMPACT);
	if (!length || length > FRAME_LIMIT)
		return -E2BIG;
	if (begin + length > channel->kept_room) {
		if (!make_room(channel, begin + length))
			return -EIO;
		json_dumpb(message, channel->kept + begin, length, JSON_COMPACT);
	}
	/* One write for header and body: half a frame must never be all that is sent. */
	header = htobe32(length);
	memcpy(channel->kept + channel->kept_length, &header, HEADER_SIZE);
	channel->kept_length = begin + length;
	return more && channel->kept_length < KEPT_LIMIT ? 0 : write_kept(channel);
}
