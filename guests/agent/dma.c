// SPDX-License-Identifier: MIT
/*
 * DMA by a device that has queues, which are driven from here: the device writes memory, the device reads memory.
 */
#include <endian.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hold.h"
#include "operations.h"
#include "region.h"

/* A block is one logical block of 4096 bytes: the medium is made so. */
#define NAMESPACE	1

#define INTEL	0x8086

typedef int start_fn(struct function *function, uint64_t queues_iova, enum queues_state *state, const char **step);

static int enable(struct agent *agent, struct request *request, start_fn *start)
{
	static const char *const names[] = { "ready", "failed", "timeout", "gone" };
	struct function *function = take_open_function(&agent->table, request);
	uint64_t iova = take_hex(request, "iova");
	enum queues_state state;
	const char *step;
	int error;

	if (request_refused(request))
		return REFUSED;
	error = start(function, iova, &state, &step);
	if (error)
		return step_failed(request, step, error);
	value_string(request, "state", names[state]);
	if (state != QUEUES_READY)
		value_string(request, "step", step);
	return 0;
}

int nvme_enable(struct agent *agent, struct request *request)
{
	return enable(agent, request, nvme_start);
}

/* By its vendor: who knows the card is asked for it. */
static int start_other(struct function *function, uint64_t queues_iova, enum queues_state *state, const char **step)
{
	uint16_t vendor = 0;
	int error = read_config(function, PCI_VENDOR_ID, &vendor, sizeof(vendor));
	start_fn *start = le16toh(vendor) == INTEL ? card_start : virtio_start;

	*step = "config";
	return error ? error : start(function, queues_iova, state, step);
}

int queues_enable(struct agent *agent, struct request *request)
{
	return enable(agent, request, start_other);
}

/* A function whose queues were set up and have room. */
static struct function *take_queues(struct agent *agent, struct request *request, bool io)
{
	struct function *function = take_open_function(&agent->table, request);
	struct nvme *nvme = function ? &function->nvme : NULL;

	if (function && function->driven == QUEUES_NONE)
		request_refuse(request, "The queues of function \"%s\" were never set up", function->name);
	else if (function && function->driven == QUEUES_NVME && nvme_queue_full(io ? &nvme->io : &nvme->admin))
		request_refuse(request, "The NVMe queue of function \"%s\" is full of commands without answer", function->name);
	return function;
}

/* Says what became of a command. One without an answer is not to be gone on with, so its device is stopped. */
static int tell(struct agent *agent, struct request *request, struct function *function, const struct outcome *outcome)
{
	static const char *const names[] = { "none", "success", "error" };
	static void (*const stops[])(struct function *function) = {
		[QUEUES_NVME] = nvme_stop,
		[QUEUES_VIRTIO] = virtio_stop,
		[QUEUES_CARD] = card_stop,
	};

	value_string(request, "completion", names[outcome->completed]);
	if (outcome->completed != COMPLETED_NONE)
		value_number(request, "status", outcome->status);
	value_hex(request, function->driven == QUEUES_NVME ? "csts" : "deviceStatus", outcome->condition);
	if (outcome->completed == COMPLETED_NONE) {
		hold(agent, request);
		/* Registers may be out of reach until the kernel has dealt with an error event. */
		observe_settle(&agent->observer);
		stops[function->driven](function);
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
	struct function *function = take_queues(agent, request, false);
	struct outcome outcome;
	int error;

	set_data(&command, take_hex(request, "iova"));
	if (request_refused(request))
		return REFUSED;
	error = nvme_execute(function, &function->nvme.admin, &command, &outcome);
	return error ? step_failed(request, "registers", error) : tell(agent, request, function, &outcome);
}

/*
 * The same of a card: from a block it sends a copy of that, to a block what it received becomes that. Nobody else sees its blocks, so
 * it is told what came in.
 */
static int loop(struct agent *agent, struct request *request, struct function *function, bool to_medium, uint64_t iova,
		uint32_t block, struct outcome *outcome)
{
	const uint64_t rings = function->card.rings;
	unsigned char *pages = function->queues->memory;
	struct buffer *blocks = card_blocks(&agent->table, function);
	unsigned char *page;
	int error;

	if (!blocks || block >= blocks->pages)
		return request_refuse(request, "Function \"%s\" has no block %u", function->name, block);
	page = blocks->memory + (size_t)block * PAGE_SIZE;
	if (!to_medium) {
		memcpy(pages + CARD_OUTGOING, page, PAGE_SIZE);
		return card_loop(function, rings + CARD_OUTGOING, iova, outcome);
	}
	error = card_loop(function, iova, rings + CARD_INCOMING, outcome);
	if (!error && outcome->completed == COMPLETED_SUCCESS) {
		memcpy(page, pages + CARD_INCOMING, PAGE_SIZE);
		json_object_set_new(request->values, "landed", view_page(page));
	}
	return error;
}

/* A page to a block of the medium, or from it. */
static int transfer(struct agent *agent, struct request *request, bool to_medium)
{
	struct nvme_command command = {
		.head = htole32(to_medium ? NVME_IO_WRITE : NVME_IO_READ),
		.namespace = htole32(NAMESPACE),
	};
	struct function *function = take_queues(agent, request, true);
	const uint64_t iova = take_hex(request, "iova");
	const uint32_t block = take_number(request, "block", COUNT_LIMIT);
	struct outcome outcome;
	int error;

	if (request_refused(request))
		return REFUSED;
	switch (function->driven) {
	case QUEUES_CARD:
		error = loop(agent, request, function, to_medium, iova, block, &outcome);
		break;
	case QUEUES_VIRTIO:
		error = virtio_transfer(function, to_medium, block, iova, &outcome);
		break;
	default:
		set_data(&command, iova);
		command.words[0] = htole32(block);
		error = nvme_execute(function, &function->nvme.io, &command, &outcome);
	}
	if (error == REFUSED)
		return REFUSED;
	return error ? step_failed(request, "registers", error) : tell(agent, request, function, &outcome);
}

int dma_write(struct agent *agent, struct request *request)
{
	return transfer(agent, request, false);
}

int dma_read(struct agent *agent, struct request *request)
{
	return transfer(agent, request, true);
}
