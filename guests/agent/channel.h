/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_CHANNEL_H
#define ZHIL_CHANNEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Longest body of a frame, in bytes; a longer one is skipped. */
#define FRAME_LIMIT	(1u << 20)

/**
 * struct channel - a way to the harness
 * @in: where requests come from
 * @out: where answers go to; the same descriptor for a virtio port
 * @body: the body of the frame last read, %FRAME_LIMIT bytes
 * @length: its length
 * @ahead: what was read beyond what was wanted; from @taken to @read of it are still to be taken
 * @kept: frames that are to be written with the next one
 * @kept_length: their length
 * @kept_room: for how many bytes there is memory
 */
struct channel {
	int in;
	int out;
	char *body;
	size_t length;
	size_t taken;
	size_t read;
	char ahead[4096];
	char *kept;
	size_t kept_length;
	size_t kept_room;
};

/**
 * enum frame - what a read of the channel gave
 * @FRAME_READ: a frame, in @body
 * @FRAME_REFUSED: a frame of a length that is not allowed; its body was skipped
 * @FRAME_END: the other end is gone; half a frame is forgotten
 */
enum frame {
	FRAME_READ,
	FRAME_REFUSED,
	FRAME_END,
};

int channel_init(struct channel *channel, int in, int out);
enum frame channel_read(struct channel *channel);
int channel_write(struct channel *channel, const json_t *message, bool more);

#endif
