// SPDX-License-Identifier: MIT
/*
 * Regions of a VFIO device, read and written through its file.
 */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "region.h"
#include "table.h"

/**
 * access_result - what an access to a region came to
 *
 * It answers with its size, or fails; less than its size is a failure, too.
 */
int access_result(ssize_t done, size_t size)
{
	if (done < 0)
		return errno;
	return (size_t)done == size ? 0 : EIO;
}

/**
 * region_read - read a register of 1, 2 or 4 bytes, little-endian as all of PCI is
 * @at: where it is in the device's file
 */
int region_read(const struct function *function, uint64_t at, uint32_t size, uint32_t *value)
{
	uint32_t word = 0;
	int error = access_result(pread(function->device, &word, size, at), size);

	*value = le32toh(word);
	return error;
}

/**
 * region_write - write a register of 1, 2 or 4 bytes
 */
int region_write(const struct function *function, uint64_t at, uint32_t size, uint32_t value)
{
	const uint32_t word = htole32(value);

	return access_result(pwrite(function->device, &word, size, at), size);
}

/**
 * find_region - where a region begins in the device's file
 */
int find_region(const struct function *function, uint32_t index, uint64_t *offset)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(function->device, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
		return errno;
	*offset = info.offset;
	return 0;
}

/**
 * read_config - read of the function's configuration space
 */
int read_config(const struct function *function, uint64_t offset, void *bytes, size_t size)
{
	uint64_t config = 0;
	int error = find_region(function, VFIO_PCI_CONFIG_REGION_INDEX, &config);

	return error ? error : access_result(pread(function->device, bytes, size, config + offset), size);
}

/**
 * change_command - change bits of the function's command register
 */
int change_command(const struct function *function, uint16_t clear, uint16_t set)
{
	uint64_t config = 0;
	uint16_t command = 0;
	int error;

	error = find_region(function, VFIO_PCI_CONFIG_REGION_INDEX, &config);
	if (error)
		return error;
	config += PCI_COMMAND;
	error = access_result(pread(function->device, &command, sizeof(command), config), sizeof(command));
	if (error)
		return error;
	command = htole16((le16toh(command) & ~clear) | set);
	return access_result(pwrite(function->device, &command, sizeof(command), config), sizeof(command));
}
