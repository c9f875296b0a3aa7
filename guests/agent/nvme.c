// SPDX-License-Identifier: MIT
/*
 * NVMe over VFIO: registers and queues. Registers are read and written through the device's file, completions are polled for.
 */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "patience.h"
#include "region.h"
#include "table.h"

int nvme_read(const struct function *function, uint32_t offset, uint32_t *value)
{
	return region_read(function, function->nvme.bar + offset, 4, value);
}

int nvme_write(const struct function *function, uint32_t offset, uint32_t value)
{
	return region_write(function, function->nvme.bar + offset, 4, value);
}

/* In two halves, as the specification allows: not every kernel makes 8-byte accesses for user space. */
int nvme_write_long(const struct function *function, uint32_t offset, uint64_t value)
{
	int error = nvme_write(function, offset, value);

	return error ? error : nvme_write(function, offset + 4, value >> 32);
}

/**
 * nvme_find - find BAR 0, and let the function decode memory and master the bus
 */
int nvme_find(struct function *function)
{
	int error = find_region(function, VFIO_PCI_BAR0_REGION_INDEX, &function->nvme.bar);

	return error ? error : change_command(function, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/**
 * nvme_queue_reset - begin anew with a pair of queues
 * @commands: a page of zeroes
 * @completions: a page of zeroes
 */
void nvme_queue_reset(struct nvme_queue *queue, uint16_t id, void *commands, void *completions)
{
	memset(queue, 0, sizeof(*queue));
	queue->id = id;
	queue->commands = commands;
	queue->completions = completions;
	queue->phase = 1;
}

/**
 * nvme_queue_full - whether there is no room for a command, because the device answered none of so many
 */
bool nvme_queue_full(const struct nvme_queue *queue)
{
	return queue->pending >= NVME_SLOTS - 1;
}

static int ring(const struct function *function, const struct nvme_queue *queue, bool completion, uint32_t value)
{
	const uint32_t doorbell = NVME_DOORBELLS + (2 * queue->id + completion) * function->nvme.stride;

	return nvme_write(function, doorbell, value);
}

/*
 * Take completions until that of command @id is found. One of an older command, given up on before, is passed over.
 */
static int take_completion(struct function *function, struct nvme_queue *queue, uint16_t id,
			   struct outcome *outcome)
{
	for (;;) {
		/* The tail is written last; what comes before it must not be read earlier. */
		uint32_t word = __atomic_load_n(&queue->completions[queue->head].tail, __ATOMIC_ACQUIRE);
		uint32_t tail = le32toh(word);
		int error;

		if (NVME_TAIL_PHASE(tail) != queue->phase)
			return 0;
		queue->head = (queue->head + 1) % NVME_SLOTS;
		if (!queue->head)
			queue->phase ^= 1;
		if (queue->pending)
			queue->pending--;
		error = ring(function, queue, true, queue->head);
		if (error)
			return error;
		if (NVME_TAIL_ID(tail) != id)
			continue;
		outcome->status = NVME_TAIL_STATUS(tail);
		outcome->completed = outcome->status ? COMPLETED_ERROR : COMPLETED_SUCCESS;
		return 0;
	}
}

/**
 * nvme_execute - submit a command and wait for its completion
 * @command: everything but its id, little-endian
 *
 * The wait is over at once when the controller says that it failed, that it is not ready, or that it is gone.
 */
int nvme_execute(struct function *function, struct nvme_queue *queue, struct nvme_command *command,
		 struct outcome *outcome)
{
	const uint16_t id = function->nvme.next_id++;
	struct patience patience = { 0 };
	bool over = false;
	int error;

	memset(outcome, 0, sizeof(*outcome));
	command->head |= htole32((uint32_t)id << 16);
	queue->commands[queue->tail] = *command;
	queue->tail = (queue->tail + 1) % NVME_SLOTS;
	queue->pending++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	error = ring(function, queue, false, queue->tail);

	while (!error) {
		/* The queue is looked at once more after the wait is over: a completion may have come with the failure. */
		error = take_completion(function, queue, id, outcome);
		if (!error)
			error = nvme_read(function, NVME_CSTS, &outcome->condition);
		if (error || over || outcome->completed != COMPLETED_NONE)
			break;
		/* One that is not ready, after a reset for one, processes nothing. */
		over = (outcome->condition & NVME_CSTS_CFS) || !(outcome->condition & NVME_CSTS_RDY) || !keep_waiting(&patience);
	}
	return error;
}
