// SPDX-License-Identifier: MIT
/*
 * The worker: reads requests, answers them one at a time, until the channel ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dispatch.h"
#include "worker.h"

#define PROTOCOL_VERSION	1

/* Whoever is greeted was told nothing yet. */
static int greet(struct agent *agent)
{
	struct channel *channel = agent->channel;
	struct utsname system;
	json_t *hello;
	int error;

	for (size_t i = 0; i < FUNCTIONS; i++)
		agent->table.functions[i].is_told = false;
	uname(&system);
	hello = json_pack("{s:i, s:s, s:s, s:I}", "hello", PROTOCOL_VERSION, "kernel", system.release, "agent",
			  AGENT_VERSION, "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
	error = channel_write(channel, hello, false);
	json_decref(hello);
	return error;
}

/* The id of a request goes back as it came; without a number there, the answer has null. */
static json_t *take_id(struct request *request)
{
	json_t *id = json_incref(json_object_get(request->kept, "id"));

	if (!json_is_integer(id)) {
		request_refuse(request, "Field \"id\" is no number");
		json_decref(id);
		return json_null();
	}
	json_object_del(request->left, "id");
	return id;
}

static int answer_with(struct channel *channel, json_t *id, json_t *answer, bool more)
{
	int error;

	json_object_set(answer, "id", id);
	error = channel_write(channel, answer, more);
	json_decref(answer);
	if (error != -E2BIG)
		return error;
	answer = json_pack("{s:O, s:s}", "id", id, "error", "The answer does not fit a frame");
	error = channel_write(channel, answer, more);
	json_decref(answer);
	return error;
}

/* Serve the frame that was read last. */
static int serve(struct agent *agent, struct channel *channel, bool *quit)
{
	struct request request;
	json_t *answer, *id;
	bool more = false;
	int error;

	if (request_open(&request, channel->body, channel->length)) {
		id = json_null();
		answer = json_pack("{s:s}", "error", request.error);
	} else {
		id = take_id(&request);
		more = take_bool_or(&request, "more", false);
		answer = dispatch(agent, &request);
	}
	*quit = request.quit;
	error = answer_with(channel, id, answer, more);
	json_decref(id);
	request_close(&request);
	return error;
}

static int refuse_length(struct channel *channel)
{
	json_t *answer = json_pack("{s:s}", "error", "The frame is empty or longer than 1 MiB");

	return answer_with(channel, json_null(), answer, false);
}

/**
 * worker_run - serve a channel
 * @reconnects: the channel does not end with its peer; another one may come, and is greeted
 *
 * Return: the worker's exit code.
 */
int worker_run(struct channel *channel, bool reconnects)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	bool quit = false;
	int error;

	if (!agent)
		return 1;
	agent->channel = channel;
	/* Requests come from whoever started this machine: no need for a secret hash seed, nor to wait for entropy. */
	json_object_seed(1);
	/* A channel that outlives its peer is that of a machine of our own, which is emulated. */
	if (reconnects) {
		messages_forget();
		messages_keep_few();
	}
	observe_start(&agent->observer, reconnects);
	error = greet(agent);
	while (!error && !quit) {
		switch (channel_read(channel)) {
		case FRAME_READ:
			error = serve(agent, channel, &quit);
			break;
		case FRAME_REFUSED:
			error = refuse_length(channel);
			break;
		case FRAME_END:
			if (!reconnects)
				return 0;
			error = greet(agent);
			break;
		}
		if (error && reconnects)
			error = greet(agent);
	}
	return error ? 1 : 0;
}
