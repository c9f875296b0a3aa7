/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_QUEUES_H
#define ZHIL_QUEUES_H

#include <stdint.h>

struct function;

/**
 * enum queues_kind - by which kind of queues a device is driven; a reset since they were set up is for the device to know
 * @QUEUES_NONE: they were never set up
 */
enum queues_kind {
	QUEUES_NONE,
	QUEUES_NVME,
	QUEUES_VIRTIO,
	QUEUES_CARD,
};

/**
 * enum queues_state - how far a device came that was to have queues
 * @QUEUES_FAILED: it says that it failed
 * @QUEUES_TIMEOUT: it says nothing
 * @QUEUES_GONE: its registers read all ones
 */
enum queues_state {
	QUEUES_READY,
	QUEUES_FAILED,
	QUEUES_TIMEOUT,
	QUEUES_GONE,
};

/**
 * enum completed - what became of a command
 * @COMPLETED_NONE: no completion within the limit, or a device that cannot give one any more
 */
enum completed {
	COMPLETED_NONE,
	COMPLETED_SUCCESS,
	COMPLETED_ERROR,
};

/**
 * struct outcome - what became of a command
 * @status: the completion's status field, where there is one
 * @condition: the device's status register when the wait was over
 */
struct outcome {
	enum completed completed;
	uint32_t status;
	uint32_t condition;
};

/**
 * struct sign - by what of a register a device is known to have come where it should
 * @at: where the register is in the device's file
 * @size: its bytes
 * @bits: the bits that matter
 * @ready: what they are then
 * @failed: bits of which any says that the device failed
 * @gone: what is read of the register when the device is out of reach
 */
struct sign {
	uint64_t at;
	uint32_t size;
	uint32_t bits;
	uint32_t ready;
	uint32_t failed;
	uint32_t gone;
};

/* queues.c */
int await_sign(const struct function *function, const struct sign *sign, enum queues_state *state);
enum queues_state state_after(const struct outcome *outcome, uint32_t failed, uint32_t gone);

#endif
