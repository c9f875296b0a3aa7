// SPDX-License-Identifier: MIT
/*
 * DMA, with the NVMe driver: the device writes memory, the device reads memory.
 */
#include <endian.h>

#include "hold.h"
#include "operations.h"

/* A block is one logical block of 4096 bytes: the medium is made so. */
#define NAMESPACE	1

int nvme_enable(struct agent *agent, struct request *request)
{
	static const char *const names[] = { "ready", "failed", "timeout", "gone" };
	struct function *function = take_open_function(&agent->table, request);
	uint64_t iova = take_hex(request, "iova");
	enum nvme_state state;
	const char *step;
	int error;

	if (request_refused(request))
		return REFUSED;
	error = nvme_start(function, iova, &state, &step);
	if (error)
		return step_failed(request, step, error);
	value_string(request, "state", names[state]);
	if (state != NVME_READY)
		value_string(request, "step", step);
	return 0;
}

/* A function whose queues were set up and have room. */
static struct function *take_nvme(struct agent *agent, struct request *request, bool io)
{
	struct function *function = take_open_function(&agent->table, request);

	if (function && !function->nvme.enabled)
		request_refuse(request, "The NVMe queues of function \"%s\" were never set up", function->name);
	else if (function && nvme_queue_full(io ? &function->nvme.io : &function->nvme.admin))
		request_refuse(request, "The NVMe queue of function \"%s\" is full of commands without answer", function->name);
	return function;
}

static int execute(struct agent *agent, struct request *request, struct function *function, struct nvme_queue *queue,
		   struct nvme_command *command)
{
	static const char *const names[] = { "none", "success", "error" };
	struct nvme_outcome outcome;
	int error = nvme_execute(function, queue, command, &outcome);

	if (error)
		return step_failed(request, "registers", error);
	value_string(request, "completion", names[outcome.completed]);
	if (outcome.completed != NVME_NONE)
		value_number(request, "status", outcome.status);
	value_hex(request, "csts", outcome.csts);
	if (outcome.completed == NVME_NONE) {
		hold(agent, request);
		/* Registers may be out of reach until the kernel has dealt with an error event. */
		observe_settle(&agent->observer);
		nvme_stop(function);
	}
	return 0;
}

/* Where the IOVA is in the middle of a page, the rest goes to the page behind it. */
static void set_data(struct nvme_command *command, uint64_t iova)
{
	command->prp1 = htole64(iova);
	if (iova % PAGE_SIZE)
		command->prp2 = htole64(iova - iova % PAGE_SIZE + PAGE_SIZE);
}

int nvme_identify(struct agent *agent, struct request *request)
{
	struct nvme_command command = {
		.head = htole32(NVME_ADMIN_IDENTIFY),
		.words = { htole32(NVME_IDENTIFY_CONTROLLER) },
	};
	struct function *function = take_nvme(agent, request, false);

	set_data(&command, take_hex(request, "iova"));
	if (request_refused(request))
		return REFUSED;
	return execute(agent, request, function, &function->nvme.admin, &command);
}

static int transfer(struct agent *agent, struct request *request, uint32_t opcode)
{
	struct nvme_command command = { .head = htole32(opcode), .namespace = htole32(NAMESPACE) };
	struct function *function = take_nvme(agent, request, true);

	set_data(&command, take_hex(request, "iova"));
	command.words[0] = htole32(take_number(request, "block", COUNT_LIMIT));
	if (request_refused(request))
		return REFUSED;
	return execute(agent, request, function, &function->nvme.io, &command);
}

int dma_write(struct agent *agent, struct request *request)
{
	return transfer(agent, request, NVME_IO_READ);
}

int dma_read(struct agent *agent, struct request *request)
{
	return transfer(agent, request, NVME_IO_WRITE);
}
