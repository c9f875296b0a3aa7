/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_QUEUES_H
#define ZHIL_QUEUES_H

#include <stdint.h>

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

#endif
