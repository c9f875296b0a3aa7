/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_NVME_H
#define ZHIL_NVME_H

#include <stdbool.h>
#include <stdint.h>

#include "nvme-registers.h"
#include "queues.h"

struct agent;
struct function;

/**
 * struct nvme_queue - a submission queue and the completion queue that belongs to it
 * @id: 0 for the admin queues
 * @commands: entries of the submission queue, one page
 * @completions: entries of the completion queue, one page
 * @tail: next entry to submit
 * @head: next completion to look at
 * @phase: the phase of a new completion
 * @pending: commands that were submitted and never completed
 */
struct nvme_queue {
	uint16_t id;
	struct nvme_command *commands;
	struct nvme_completion *completions;
	uint32_t tail;
	uint32_t head;
	uint32_t phase;
	uint32_t pending;
};

/**
 * struct nvme - an NVMe controller that is driven from here
 * @bar: where BAR 0 begins in the VFIO device's file
 * @stride: bytes between two doorbells
 * @next_id: the id of the next command
 */
struct nvme {
	uint64_t bar;
	uint32_t stride;
	uint16_t next_id;
	struct nvme_queue admin;
	struct nvme_queue io;
};

/* nvme.c: all return 0 or the errno of the access to the device that failed. */
int nvme_find(struct function *function);
int nvme_read(const struct function *function, uint32_t offset, uint32_t *value);
int nvme_write(const struct function *function, uint32_t offset, uint32_t value);
int nvme_write_long(const struct function *function, uint32_t offset, uint64_t value);
int nvme_execute(struct function *function, struct nvme_queue *queue, struct nvme_command *command,
		 struct outcome *outcome);
void nvme_queue_reset(struct nvme_queue *queue, uint16_t id, void *commands, void *completions);
bool nvme_queue_full(const struct nvme_queue *queue);

/* Entries of every queue; a page holds 64 commands. */
#define NVME_SLOTS	32

/* nvme-enable.c */
int nvme_start(struct function *function, uint64_t queues_iova, enum queues_state *state, const char **step);
void nvme_stop(struct function *function);

#endif
