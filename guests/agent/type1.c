// SPDX-License-Identifier: MIT
/*
 * VFIO through group and container, with the type1 IOMMU.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mapping.h"
#include "operations.h"
#include "sysfs.h"

int container_open(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "container");
	struct container *container = find_container(&agent->table, name);
	int fd;

	if (container && container->fd >= 0)
		request_refuse(request, "Container \"%s\" is open already", name);
	if (request_refused(request))
		return REFUSED;
	if (!container)
		container = add_container(&agent->table, name);
	if (!container)
		return request_refuse(request, "Cannot open container \"%s\": there are %d already", name, CONTAINERS);
	fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	container->fd = fd;
	return 0;
}

int container_close(struct agent *agent, struct request *request)
{
	struct container *container = take_container(&agent->table, request);
	int fd;

	if (request_refused(request))
		return REFUSED;
	fd = container->fd;
	container->fd = -1;
	return system_call(request, close(fd));
}

int container_set_iommu(struct agent *agent, struct request *request)
{
	struct container *container = take_container(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(container->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
}

/* What VFIO_IOMMU_GET_INFO fills: the structure, then its capabilities, found by their offsets. */
union iommu_info {
	struct vfio_iommu_type1_info info;
	unsigned char bytes[4096];
};

/* A capability of @size bytes at least; NULL where there is none. */
static const void *find_capability(const union iommu_info *reply, uint16_t id, size_t size)
{
	const struct vfio_info_cap_header *header;
	uint32_t offset = reply->info.flags & VFIO_IOMMU_INFO_CAPS ? reply->info.cap_offset : 0;

	/* Each lies behind the one before it: a chain that does not end is none. */
	while (offset && offset <= sizeof(*reply) - size) {
		header = (const void *)(reply->bytes + offset);
		if (header->id == id)
			return header;
		offset = header->next > offset ? header->next : 0;
	}
	return NULL;
}

static json_t *list_ranges(const union iommu_info *reply)
{
	const struct vfio_iommu_type1_info_cap_iova_range *capability =
		find_capability(reply, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(*capability));
	json_t *ranges = json_array();
	const struct vfio_iova_range *range;

	for (uint32_t i = 0; capability && i < capability->nr_iovas; i++) {
		range = &capability->iova_ranges[i];
		if ((const unsigned char *)(range + 1) > reply->bytes + sizeof(reply->bytes))
			break;
		json_array_append_new(ranges, json_pack("[o, o]", json_hex(range->start), json_hex(range->end)));
	}
	return ranges;
}

int container_info(struct agent *agent, struct request *request)
{
	union iommu_info reply = { .info.argsz = sizeof(reply) };
	const struct vfio_iommu_type1_info_dma_avail *available;
	struct container *container = take_container(&agent->table, request);
	int error;

	if (request_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(container->fd, VFIO_IOMMU_GET_INFO, &reply));
	if (error)
		return error;
	json_object_set_new(request->values, "ranges", list_ranges(&reply));
	if (reply.info.flags & VFIO_IOMMU_INFO_PGSIZES)
		value_hex(request, "pageSizes", reply.info.iova_pgsizes);
	available = find_capability(&reply, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(*available));
	if (available)
		value_number(request, "available", available->avail);
	return 0;
}

int container_map(struct agent *agent, struct request *request)
{
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map) };
	struct container *container = take_container(&agent->table, request);
	struct mapping mapping = take_mapping(agent, request);

	map.iova = take_hex(request, "iova");
	if (request_refused(request))
		return REFUSED;
	map.flags |= mapping.read ? VFIO_DMA_MAP_FLAG_READ : 0;
	map.flags |= mapping.write ? VFIO_DMA_MAP_FLAG_WRITE : 0;
	map.vaddr = mapping.address;
	map.size = mapping.length;
	return system_call(request, ioctl(container->fd, VFIO_IOMMU_MAP_DMA, &map));
}

int container_unmap(struct agent *agent, struct request *request)
{
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap) };
	struct container *container = take_container(&agent->table, request);
	int error;

	unmap.iova = take_hex(request, "iova");
	unmap.size = take_hex(request, "length");
	if (request_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(container->fd, VFIO_IOMMU_UNMAP_DMA, &unmap));
	if (!error)
		value_hex(request, "length", unmap.size);
	return error;
}

int group_open(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE], number[16];
	int error, fd;

	if (request_refused(request))
		return REFUSED;
	function_path(path, function, "iommu_group");
	error = read_link_name(path, number, sizeof(number));
	if (error)
		return step_failed(request, "iommu_group", error);
	snprintf(path, sizeof(path), "/dev/vfio/%s", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	/* What is open once is not to be opened twice: where it was, the first one is what counts. */
	if (function->group >= 0)
		close(fd);
	else
		function->group = fd;
	return 0;
}

int group_close(struct agent *agent, struct request *request)
{
	struct function *function = take_function_with_group(&agent->table, request);
	int fd;

	if (request_refused(request))
		return REFUSED;
	fd = function->group;
	function->group = -1;
	return system_call(request, close(fd));
}

int group_set_container(struct agent *agent, struct request *request)
{
	struct function *function = take_function_with_group(&agent->table, request);
	struct container *container = take_container(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(function->group, VFIO_GROUP_SET_CONTAINER, &container->fd));
}

int group_unset_container(struct agent *agent, struct request *request)
{
	struct function *function = take_function_with_group(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(function->group, VFIO_GROUP_UNSET_CONTAINER));
}

int group_get_device(struct agent *agent, struct request *request)
{
	struct function *function = take_function_with_group(&agent->table, request);
	int fd;

	if (function && function->device >= 0)
		request_refuse(request, "Function \"%s\" is open already", function->name);
	if (request_refused(request))
		return REFUSED;
	fd = ioctl(function->group, VFIO_GROUP_GET_DEVICE_FD, function->address);
	if (fd < 0)
		return errno;
	function->device = fd;
	return 0;
}
