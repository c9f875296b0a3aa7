/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_VIRTIO_H
#define ZHIL_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "queues.h"

struct function;

/**
 * struct virtio - a virtio device that is driven from here, by its first queue
 * @common: where its common configuration is in the VFIO device's file
 * @notify: where its queue is notified
 * @queues: IOVA of the function's queue pages
 * @requests: how many were put into the queue since it was set up; the device counts the same way, in 16 bits
 */
struct virtio {
	uint64_t common;
	uint64_t notify;
	uint64_t queues;
	uint16_t requests;
};

/* virtio-start.c */
int virtio_start(struct function *function, uint64_t queues_iova, enum queues_state *state, const char **step);
void virtio_stop(struct function *function);

/* virtio.c */
int virtio_identify(struct function *function, struct outcome *outcome);
int virtio_transfer(struct function *function, bool to_medium, uint32_t block, uint64_t iova, struct outcome *outcome);

/* Places in its queue; a request takes three descriptors. */
#define VIRTIO_SLOTS	8

/* What the device reads is in the first queue page, what it writes in the second. */
#define VIRTIO_DESCRIPTORS	0x0
#define VIRTIO_AVAILABLE	0x400
#define VIRTIO_HEADER		0x800
#define VIRTIO_USED		0x1000
#define VIRTIO_ANSWER		0x1800
#define VIRTIO_ID		0x1900

/* The device's status once it is out of reach. */
#define VIRTIO_GONE	0xff

#endif
