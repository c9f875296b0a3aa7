// SPDX-License-Identifier: MIT
/*
 * Bringing an NVMe controller up: admin queues, and one pair of I/O queues.
 *
 * The function's queue pages, all in one piece at the IOVA given: admin submission, admin completion, I/O submission, I/O
 * completion.
 */
#include <endian.h>
#include <string.h>

#include "table.h"

#define IO_QUEUE	1

enum queue_page {
	ADMIN_SUBMISSION,
	ADMIN_COMPLETION,
	IO_SUBMISSION,
	IO_COMPLETION,
};

/* Wait until CSTS.RDY is as wanted; one that is to be disabled may have failed before. */
static int await_ready(struct function *function, uint32_t ready, enum queues_state *state)
{
	const struct sign sign = {
		.at = function->nvme.bar + NVME_CSTS,
		.size = 4,
		.bits = NVME_CSTS_RDY,
		.ready = ready,
		.failed = ready ? NVME_CSTS_CFS : 0,
		.gone = NVME_CSTS_GONE,
	};

	return await_sign(function, &sign, state);
}

static int reset_controller(struct function *function, enum queues_state *state)
{
	uint32_t low, high;
	int error;

	error = nvme_read(function, NVME_CAP, &low);
	if (!error)
		error = nvme_read(function, NVME_CAP + 4, &high);
	if (!error)
		error = nvme_write(function, NVME_CC, 0);
	if (error)
		return error;
	/* No controller has all bits set: its function is out of reach, and the stride is still what it was. */
	if (low == NVME_CSTS_GONE && high == NVME_CSTS_GONE) {
		*state = QUEUES_GONE;
		return 0;
	}
	function->nvme.stride = 4u << NVME_CAP_DSTRD((uint64_t)high << 32 | low);
	return await_ready(function, 0, state);
}

/**
 * nvme_stop - disable a controller that lost a command
 *
 * What the device still does ends with that, so none of its DMA comes later than the operation that asked for it. A function that
 * cannot be reached has been stopped already.
 */
void nvme_stop(struct function *function)
{
	enum queues_state state;

	reset_controller(function, &state);
}

static int enable_controller(struct function *function, uint64_t iova, enum queues_state *state)
{
	const uint32_t last = NVME_SLOTS - 1;
	unsigned char *pages = function->queues->memory;
	struct nvme *nvme = &function->nvme;
	int error;

	memset(pages, 0, QUEUE_PAGES * PAGE_SIZE);
	nvme_queue_reset(&nvme->admin, 0, pages, pages + ADMIN_COMPLETION * PAGE_SIZE);
	nvme_queue_reset(&nvme->io, IO_QUEUE, pages + IO_SUBMISSION * PAGE_SIZE, pages + IO_COMPLETION * PAGE_SIZE);
	function->driven = QUEUES_NVME;

	error = nvme_write(function, NVME_AQA, last << 16 | last);
	if (!error)
		error = nvme_write_long(function, NVME_ASQ, iova + ADMIN_SUBMISSION * PAGE_SIZE);
	if (!error)
		error = nvme_write_long(function, NVME_ACQ, iova + ADMIN_COMPLETION * PAGE_SIZE);
	if (!error)
		error = nvme_write(function, NVME_CC, NVME_CC_EN | NVME_CC_IOSQES_64 | NVME_CC_IOCQES_16);
	return error ? error : await_ready(function, NVME_CSTS_RDY, state);
}

/* Polled, so the completion queue has no interrupt. */
static int create_queue(struct function *function, uint8_t opcode, uint64_t iova, enum queues_state *state)
{
	const uint32_t flags = opcode == NVME_ADMIN_CREATE_SQ ? IO_QUEUE << 16 : 0;
	struct nvme_command command = {
		.head = htole32(opcode),
		.prp1 = htole64(iova),
		.words = {
			htole32((NVME_SLOTS - 1) << 16 | IO_QUEUE),
			htole32(flags | NVME_QUEUE_CONTIGUOUS),
		},
	};
	struct outcome outcome;
	int error = nvme_execute(function, &function->nvme.admin, &command, &outcome);

	*state = state_after(&outcome, NVME_CSTS_CFS, NVME_CSTS_GONE);
	return error;
}

/**
 * nvme_start - reset the controller and set up its queues
 * @queues_iova: where the function's queue pages are mapped
 * @state: how far it came
 * @step: what it was at last
 *
 * Return: 0, whatever the state; the errno where the device could not be accessed.
 */
int nvme_start(struct function *function, uint64_t queues_iova, enum queues_state *state, const char **step)
{
	int error;

	*step = "config";
	error = nvme_find(function);
	if (error)
		return error;
	*step = "reset";
	error = reset_controller(function, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "enable";
	error = enable_controller(function, queues_iova, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "create-cq";
	error = create_queue(function, NVME_ADMIN_CREATE_CQ, queues_iova + IO_COMPLETION * PAGE_SIZE, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "create-sq";
	return create_queue(function, NVME_ADMIN_CREATE_SQ, queues_iova + IO_SUBMISSION * PAGE_SIZE, state);
}
