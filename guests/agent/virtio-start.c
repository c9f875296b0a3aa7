// SPDX-License-Identifier: MIT
/*
 * Bringing a virtio block device up: features, and its first queue (Virtual I/O Device specification, sections 3.1.1 and 4.1).
 */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>

#include "region.h"
#include "table.h"

/* Capabilities have four bytes at least, behind the header. */
#define CAPABILITIES_MAX	48

/* Features are told by halves; these are in the upper one. */
#define FEATURES_WANTED	(1u << (VIRTIO_F_VERSION_1 - 32) | 1u << (VIRTIO_F_ACCESS_PLATFORM - 32))

/* Where a structure of virtio's begins in the device's file, and where its capability stands. */
static int find_structure(const struct function *function, uint8_t type, uint64_t *begin, uint8_t *position)
{
	struct virtio_pci_cap capability;
	uint8_t next;
	int error = read_config(function, PCI_CAPABILITY_LIST, &next, sizeof(next));

	for (int i = 0; !error && next && i < CAPABILITIES_MAX; i++) {
		*position = next;
		error = read_config(function, next, &capability, sizeof(capability));
		next = capability.cap_next;
		if (error || capability.cap_vndr != PCI_CAP_ID_VNDR || capability.cfg_type != type)
			continue;
		if (capability.bar > VFIO_PCI_BAR5_REGION_INDEX)
			return ENXIO;
		error = find_region(function, VFIO_PCI_BAR0_REGION_INDEX + capability.bar, begin);
		*begin += le32toh(capability.offset);
		return error;
	}
	return error ? error : ENXIO;
}

static int read_register(const struct function *function, uint32_t offset, uint32_t size, uint32_t *value)
{
	return region_read(function, function->virtio.common + offset, size, value);
}

static int write_register(const struct function *function, uint32_t offset, uint32_t size, uint32_t value)
{
	return region_write(function, function->virtio.common + offset, size, value);
}

/* In two halves, as the specification asks for. */
static int write_address(const struct function *function, uint32_t offset, uint64_t value)
{
	int error = write_register(function, offset, 4, value);

	return error ? error : write_register(function, offset + 4, 4, value >> 32);
}

static int reset_device(struct function *function, enum queues_state *state)
{
	const struct sign sign = {
		.at = function->virtio.common + VIRTIO_PCI_COMMON_STATUS,
		.size = 1,
		.bits = 0xff,
		.ready = 0,
		.gone = VIRTIO_GONE,
	};
	int error = write_register(function, VIRTIO_PCI_COMMON_STATUS, 1, 0);

	return error ? error : await_sign(function, &sign, state);
}

/**
 * virtio_stop - reset a device that left a request without an answer
 *
 * It does nothing more with what it was given, so that none of its DMA comes later than the operation that asked for it. A function
 * that cannot be reached has been stopped already.
 */
void virtio_stop(struct function *function)
{
	enum queues_state state;

	reset_device(function, &state);
}

/* Takes the features without which its DMA would go around the IOMMU, and no others. */
static int agree(struct function *function, enum queues_state *state)
{
	uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	uint32_t offered;
	int error;

	error = write_register(function, VIRTIO_PCI_COMMON_STATUS, 1, status);
	if (!error)
		error = write_register(function, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	if (!error)
		error = read_register(function, VIRTIO_PCI_COMMON_DF, 4, &offered);
	for (uint32_t half = 0; !error && half < 2; half++) {
		error = write_register(function, VIRTIO_PCI_COMMON_GFSELECT, 4, half);
		if (!error)
			error = write_register(function, VIRTIO_PCI_COMMON_GF, 4, half ? FEATURES_WANTED : 0);
	}
	if (!error)
		error = write_register(function, VIRTIO_PCI_COMMON_STATUS, 1, status | VIRTIO_CONFIG_S_FEATURES_OK);
	if (!error)
		error = read_register(function, VIRTIO_PCI_COMMON_STATUS, 1, &status);
	if (!error && ((offered & FEATURES_WANTED) != FEATURES_WANTED || !(status & VIRTIO_CONFIG_S_FEATURES_OK)))
		*state = QUEUES_FAILED;
	return error;
}

/* Polled, so the queue has no interrupt. */
static int set_up_queue(struct function *function, uint64_t iova, uint8_t notify)
{
	const uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;
	struct virtio *virtio = &function->virtio;
	uint32_t multiplier, offset;
	int error;

	memset(function->queues->memory, 0, QUEUE_PAGES * PAGE_SIZE);
	virtio->queues = iova;
	virtio->requests = 0;
	function->driven = QUEUES_VIRTIO;

	error = read_config(function, notify + offsetof(struct virtio_pci_notify_cap, notify_off_multiplier), &multiplier,
			    sizeof(multiplier));
	if (!error)
		error = write_register(function, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	if (!error)
		error = read_register(function, VIRTIO_PCI_COMMON_Q_NOFF, 2, &offset);
	if (!error)
		error = write_register(function, VIRTIO_PCI_COMMON_Q_SIZE, 2, VIRTIO_SLOTS);
	if (!error)
		error = write_address(function, VIRTIO_PCI_COMMON_Q_DESCLO, iova + VIRTIO_DESCRIPTORS);
	if (!error)
		error = write_address(function, VIRTIO_PCI_COMMON_Q_AVAILLO, iova + VIRTIO_AVAILABLE);
	if (!error)
		error = write_address(function, VIRTIO_PCI_COMMON_Q_USEDLO, iova + VIRTIO_USED);
	if (!error)
		error = write_register(function, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	if (!error)
		error = write_register(function, VIRTIO_PCI_COMMON_STATUS, 1, status | VIRTIO_CONFIG_S_DRIVER_OK);
	if (!error)
		virtio->notify += (uint64_t)offset * le32toh(multiplier);
	return error;
}

/* A request that is the queue's own affair says whether the device can get at it. */
static int try_queue(struct function *function, enum queues_state *state)
{
	struct outcome outcome;
	int error = virtio_identify(function, &outcome);

	*state = state_after(&outcome, VIRTIO_CONFIG_S_NEEDS_RESET, VIRTIO_GONE);
	return error;
}

/**
 * virtio_start - reset the device and set up its first queue
 * @queues_iova: where the function's queue pages are mapped
 * @state: how far it came
 * @step: what it was at last
 *
 * Return: 0, whatever the state; the errno where the device could not be accessed.
 */
int virtio_start(struct function *function, uint64_t queues_iova, enum queues_state *state, const char **step)
{
	struct virtio *virtio = &function->virtio;
	uint8_t common, notify;
	int error;

	*step = "config";
	error = change_command(function, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (!error)
		error = find_structure(function, VIRTIO_PCI_CAP_COMMON_CFG, &virtio->common, &common);
	if (!error)
		error = find_structure(function, VIRTIO_PCI_CAP_NOTIFY_CFG, &virtio->notify, &notify);
	if (error)
		return error;
	*step = "reset";
	error = reset_device(function, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "features";
	error = agree(function, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "queue";
	error = set_up_queue(function, queues_iova, notify);
	return error ? error : try_queue(function, state);
}
