// SPDX-License-Identifier: MIT
/*
 * iommufd and its objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iommufd.h"
#include "mapping.h"
#include "operations.h"

#define RANGES_LIMIT	256

/**
 * open_iommufd - the iommufd of a name; /dev/iommu is opened on the name's first use, and on the first after it was closed
 *
 * Return: 0, the errno, or %REFUSED.
 */
int open_iommufd(struct agent *agent, struct request *request, const char *name, struct iommufd **iommufd)
{
	int fd;

	*iommufd = find_iommufd(&agent->table, name);
	if (*iommufd)
		return 0;
	fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return step_failed(request, "iommufd", errno);
	*iommufd = add_iommufd(&agent->table, name, fd);
	if (*iommufd)
		return 0;
	close(fd);
	return request_refuse(request, "Cannot open iommufd \"%s\": %d were opened already", name, IOMMUFDS);
}

/**
 * take_iommufd - the iommufd that a request names, open; to be taken when all else of the request has been
 *
 * Return: 0, the errno, or %REFUSED, where nothing has been opened.
 */
int take_iommufd(struct agent *agent, struct request *request, struct iommufd **iommufd)
{
	const char *name = take_name_or(request, "iommufd", MAIN_IOMMUFD);

	return request_refused(request) ? REFUSED : open_iommufd(agent, request, name, iommufd);
}

/**
 * name_object - enter a new object into the table; a name that was used before stands for the new object from now on
 *
 * Return: 0, or %REFUSED.
 */
int name_object(struct agent *agent, struct request *request, const char *name, struct iommufd *iommufd, uint32_t id)
{
	struct page_table *object = find_page_table(&agent->table, name);

	if (!object)
		object = add_page_table(&agent->table, name);
	if (!object)
		return request_refuse(request, "Cannot keep \"%s\": there are %d objects already", name, PAGE_TABLES);
	close_queue(object);
	object->iommufd = iommufd;
	object->id = id;
	object->device = 0;
	value_number(request, "id", id);
	return 0;
}

int ioas_alloc(struct agent *agent, struct request *request)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	const char *name = take_name(request, "ioas");
	struct iommufd *iommufd;
	int error;

	error = take_iommufd(agent, request, &iommufd);
	if (error)
		return error;
	error = system_call(request, ioctl(iommufd->fd, IOMMU_IOAS_ALLOC, &alloc));
	return error ? error : name_object(agent, request, name, iommufd, alloc.out_ioas_id);
}

int ioas_map(struct agent *agent, struct request *request)
{
	struct iommu_ioas_map map = { .size = sizeof(map) };
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	struct mapping mapping = take_mapping(agent, request);
	int error;

	if (request_has(request, "iova")) {
		map.flags |= IOMMU_IOAS_MAP_FIXED_IOVA;
		map.iova = take_hex(request, "iova");
	}
	if (request_refused(request))
		return REFUSED;

	map.flags |= mapping.read ? IOMMU_IOAS_MAP_READABLE : 0;
	map.flags |= mapping.write ? IOMMU_IOAS_MAP_WRITEABLE : 0;
	map.ioas_id = ioas->id;
	map.user_va = mapping.address;
	map.length = mapping.length;
	error = system_call(request, ioctl(ioas->iommufd->fd, IOMMU_IOAS_MAP, &map));
	if (!error)
		value_hex(request, "iova", map.iova);
	return error;
}

int ioas_unmap(struct agent *agent, struct request *request)
{
	struct iommu_ioas_unmap unmap = { .size = sizeof(unmap) };
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	int error;

	unmap.iova = take_hex(request, "iova");
	unmap.length = take_hex(request, "length");
	if (request_refused(request))
		return REFUSED;
	unmap.ioas_id = ioas->id;
	error = system_call(request, ioctl(ioas->iommufd->fd, IOMMU_IOAS_UNMAP, &unmap));
	if (!error)
		value_hex(request, "length", unmap.length);
	return error;
}

int ioas_copy(struct agent *agent, struct request *request)
{
	struct iommu_ioas_copy copy = { .size = sizeof(copy), .flags = IOMMU_IOAS_MAP_FIXED_IOVA };
	struct page_table *from = take_page_table(&agent->table, request, "from");
	struct page_table *to = take_page_table(&agent->table, request, "to");
	int error;

	copy.src_iova = take_hex(request, "source");
	copy.dst_iova = take_hex(request, "iova");
	copy.length = take_hex(request, "length");
	copy.flags |= take_bool_or(request, "read", true) ? IOMMU_IOAS_MAP_READABLE : 0;
	copy.flags |= take_bool_or(request, "write", true) ? IOMMU_IOAS_MAP_WRITEABLE : 0;
	if (request_refused(request))
		return REFUSED;
	copy.src_ioas_id = from->id;
	copy.dst_ioas_id = to->id;
	error = system_call(request, ioctl(to->iommufd->fd, IOMMU_IOAS_COPY, &copy));
	if (!error)
		value_hex(request, "iova", copy.dst_iova);
	return error;
}

int iova_ranges(struct agent *agent, struct request *request)
{
	struct iommu_iova_range allowed[RANGES_LIMIT];
	struct iommu_ioas_iova_ranges query = {
		.size = sizeof(query),
		.num_iovas = RANGES_LIMIT,
		.allowed_iovas = (uintptr_t)allowed,
	};
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	json_t *ranges;
	int error;

	if (request_refused(request))
		return REFUSED;
	query.ioas_id = ioas->id;
	error = system_call(request, ioctl(ioas->iommufd->fd, IOMMU_IOAS_IOVA_RANGES, &query));
	if (error)
		return error;
	ranges = json_array();
	for (uint32_t i = 0; i < query.num_iovas && i < RANGES_LIMIT; i++)
		json_array_append_new(ranges, json_pack("[o, o]", json_hex(allowed[i].start), json_hex(allowed[i].last)));
	json_object_set_new(request->values, "ranges", ranges);
	value_hex(request, "alignment", query.out_iova_alignment);
	return 0;
}

int huge_pages(struct agent *agent, struct request *request)
{
	struct iommu_option option = {
		.size = sizeof(option),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_SET,
	};
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");

	option.val64 = take_bool(request, "on");
	if (request_refused(request))
		return REFUSED;
	option.object_id = ioas->id;
	return system_call(request, ioctl(ioas->iommufd->fd, IOMMU_OPTION, &option));
}

/**
 * take_hwpt_flags - the field "flags" of what makes a HWPT
 */
uint32_t take_hwpt_flags(struct request *request)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} known[] = {
		{ "nest-parent", IOMMU_HWPT_ALLOC_NEST_PARENT },
		{ "dirty-tracking", IOMMU_HWPT_ALLOC_DIRTY_TRACKING },
		{ "fault-id-valid", IOMMU_HWPT_FAULT_ID_VALID },
		{ "pasid", IOMMU_HWPT_ALLOC_PASID },
	};
	json_t *names = take_array_or_none(request, "flags"), *name;
	uint32_t flags = 0;
	size_t i, k;

	json_array_foreach(names, i, name) {
		for (k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (json_is_string(name) && !strcmp(json_string_value(name), known[k].name))
				break;
		if (k == sizeof(known) / sizeof(*known))
			request_refuse(request, "Unknown flag at place %zu of field \"flags\"", i);
		else
			flags |= known[k].flag;
	}
	return flags;
}

int hwpt_alloc(struct agent *agent, struct request *request)
{
	struct iommu_hwpt_alloc alloc = { .size = sizeof(alloc) };
	const char *name = take_name(request, "hwpt");
	struct function *function = take_function(&agent->table, request);
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	struct page_table *queue = request_has(request, "queue") ? take_page_table(&agent->table, request, "queue") : NULL;
	int error;

	alloc.flags = take_hwpt_flags(request);
	if (function && !function->iommufd)
		request_refuse(request, "Function \"%s\" was never bound to an iommufd", function->name);
	if (request_refused(request))
		return REFUSED;
	alloc.dev_id = function->id;
	alloc.pt_id = ioas->id;
	alloc.fault_id = queue ? queue->id : 0;
	if (queue)
		alloc.flags |= IOMMU_HWPT_FAULT_ID_VALID;
	error = system_call(request, ioctl(ioas->iommufd->fd, IOMMU_HWPT_ALLOC, &alloc));
	return error ? error : name_object(agent, request, name, ioas->iommufd, alloc.out_hwpt_id);
}

/* The name stays in the table: what is done with it later is for the kernel to answer. */
int destroy(struct agent *agent, struct request *request)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy) };
	const char *name = take_name(request, "object");
	struct page_table *object = find_page_table(&agent->table, name);
	struct function *function = find_function(&agent->table, name);
	struct iommufd *iommufd = object ? object->iommufd : function ? function->iommufd : NULL;

	if (!iommufd)
		request_refuse(request, "Unknown IOAS, HWPT or bound function \"%.40s\"", name);
	else if (iommufd->fd < 0)
		request_refuse(request, "The iommufd \"%s\" of \"%s\" is closed", iommufd->name, name);
	if (request_refused(request))
		return REFUSED;
	destroy.id = object ? object->id : function->id;
	return system_call(request, ioctl(iommufd->fd, IOMMU_DESTROY, &destroy));
}

int iommufd_close(struct agent *agent, struct request *request)
{
	const char *name = take_name_or(request, "iommufd", MAIN_IOMMUFD);
	struct iommufd *iommufd = find_iommufd(&agent->table, name);
	int fd;

	if (!iommufd)
		request_refuse(request, "The iommufd \"%.40s\" is not open", name);
	if (request_refused(request))
		return REFUSED;
	fd = iommufd->fd;
	iommufd->fd = -1;
	return system_call(request, close(fd));
}
