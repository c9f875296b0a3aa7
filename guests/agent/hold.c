// SPDX-License-Identifier: MIT
/*
 * Standing still in the middle of an operation, until the host has done its part.
 */
#include <fcntl.h>

#include "hold.h"
#include "turn.h"

/**
 * hold - stay first until the host says to go on, where it asked for that
 *
 * A device may be in the middle of something, of which the kernel knows a part: the host sees to it that it comes to the end.
 * Meanwhile nothing else runs, so the channel is looked at and not waited for.
 */
void hold(struct agent *agent, struct request *request)
{
	struct channel *channel = agent->channel;
	json_t *held;
	int flags;

	if (!request->holds)
		return;
	flags = fcntl(channel->in, F_GETFL);
	held = json_pack("{s:O, s:b}", "id", json_object_get(request->kept, "id"), "held", 1);
	if (!channel_write(channel, held, false)) {
		fcntl(channel->in, F_SETFL, flags | O_NONBLOCK);
		/* Whatever it says: one request is served at a time, so that it is about this one. */
		channel_read(channel);
		fcntl(channel->in, F_SETFL, flags);
	}
	json_decref(held);
	be_one_of_many();
}
