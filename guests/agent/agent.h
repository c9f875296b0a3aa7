/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_AGENT_H
#define ZHIL_AGENT_H

#include "channel.h"
#include "fail-nth.h"
#include "kcov.h"
#include "observe.h"
#include "request.h"
#include "table.h"

/**
 * struct agent - the worker's state
 * @channel: where its requests come from
 */
struct agent {
	struct channel *channel;
	struct table table;
	struct observer observer;
	struct fail_nth fail;
	struct places places;
};

/**
 * typedef perform_fn - one operation
 *
 * Takes its fields, makes its system call, puts what that returned into the request's values.
 *
 * Return: 0 or the errno; %REFUSED where there is no answer.
 */
typedef int perform_fn(struct agent *agent, struct request *request);

#endif
