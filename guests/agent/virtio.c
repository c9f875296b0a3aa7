// SPDX-License-Identifier: MIT
/*
 * Requests to a virtio block device over VFIO: one at a time, in a queue of the split kind, polled for.
 */
#include <endian.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "patience.h"
#include "region.h"
#include "table.h"

#define SECTORS		(PAGE_SIZE / 512)
/*
 * No medium is asked for the first request of all, so it is answered soon. Where its index cannot be read a device sees none,
 * for it has counted none so far, and says nothing about it.
 */
#define ID_MICROS	1000000
/* No answer that a device gives. */
#define UNANSWERED	0xff

static void describe(struct vring_desc *descriptor, uint64_t iova, uint32_t length, uint16_t flags, uint16_t next)
{
	descriptor->addr = htole64(iova);
	descriptor->len = htole32(length);
	descriptor->flags = htole16(flags);
	descriptor->next = htole16(next);
}

/* Wait until the device has used what it was given, or says that it will not. */
static int await_used(const struct function *function, const struct vring_used *used, uint64_t limit,
		      struct outcome *outcome)
{
	const struct virtio *virtio = &function->virtio;
	const unsigned char *answer = function->queues->memory + VIRTIO_ANSWER;
	struct patience patience = { .limit = limit };
	bool over = false;

	for (;;) {
		int error = region_read(function, virtio->common + VIRTIO_PCI_COMMON_STATUS, 1, &outcome->condition);

		if (error)
			return error;
		/* Looked at once more after the wait is over: the answer may have come with the failure. */
		if (le16toh(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE)) == virtio->requests) {
			outcome->status = *answer;
			outcome->completed = *answer == VIRTIO_BLK_S_OK ? COMPLETED_SUCCESS : COMPLETED_ERROR;
			return 0;
		}
		if (over)
			return 0;
		/* One that was reset has no queue; all ones, and it needs a reset as well. */
		over = !outcome->condition || (outcome->condition & VIRTIO_CONFIG_S_NEEDS_RESET) || !keep_waiting(&patience);
	}
}

/*
 * A request: its header, its data, and a byte for the answer. The device reads data for VIRTIO_BLK_T_OUT, and writes it else.
 */
static int ask(struct function *function, uint32_t type, uint64_t sector, uint64_t iova, uint32_t length,
	       struct outcome *outcome)
{
	struct virtio *virtio = &function->virtio;
	unsigned char *pages = function->queues->memory;
	struct vring_desc *descriptors = (struct vring_desc *)(pages + VIRTIO_DESCRIPTORS);
	struct vring_avail *available = (struct vring_avail *)(pages + VIRTIO_AVAILABLE);
	struct virtio_blk_outhdr *header = (struct virtio_blk_outhdr *)(pages + VIRTIO_HEADER);
	int error;

	memset(outcome, 0, sizeof(*outcome));
	header->type = htole32(type);
	header->sector = htole64(sector);
	pages[VIRTIO_ANSWER] = UNANSWERED;
	describe(&descriptors[0], virtio->queues + VIRTIO_HEADER, sizeof(*header), VRING_DESC_F_NEXT, 1);
	describe(&descriptors[1], iova, length, VRING_DESC_F_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VRING_DESC_F_WRITE), 2);
	describe(&descriptors[2], virtio->queues + VIRTIO_ANSWER, 1, VRING_DESC_F_WRITE, 0);
	available->ring[virtio->requests % VIRTIO_SLOTS] = 0;
	virtio->requests++;
	/* The index is written last: what comes before it is complete when the device sees it. */
	__atomic_store_n(&available->idx, htole16(virtio->requests), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	error = region_write(function, virtio->notify, 2, 0);
	return error ? error : await_used(function, (const struct vring_used *)(pages + VIRTIO_USED),
					  type == VIRTIO_BLK_T_GET_ID ? ID_MICROS : 0, outcome);
}

/**
 * virtio_identify - ask the device who it is: a request that goes to no page but those of the queue
 */
int virtio_identify(struct function *function, struct outcome *outcome)
{
	return ask(function, VIRTIO_BLK_T_GET_ID, 0, function->virtio.queues + VIRTIO_ID, VIRTIO_BLK_ID_BYTES, outcome);
}

/**
 * virtio_transfer - have the device move a page to a block of its medium, or from it
 */
int virtio_transfer(struct function *function, bool to_medium, uint32_t block, uint64_t iova, struct outcome *outcome)
{
	const uint32_t type = to_medium ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;

	return ask(function, type, (uint64_t)block * SECTORS, iova, PAGE_SIZE, outcome);
}
