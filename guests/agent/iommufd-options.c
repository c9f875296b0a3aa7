// SPDX-License-Identifier: MIT
/*
 * What is set of an iommufd and its IOASes, and what is told of a device's IOMMU.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "iommufd.h"
#include "mock.h"

#define MOCK_INFO	0xfeedbeef
#define UNKNOWN		0x7ffffffe

static int take_option(struct agent *agent, struct request *request, struct iommu_option *option,
		       struct iommufd **iommufd)
{
	static const struct {
		const char *name;
		uint32_t id;
	} known[] = {
		{ "rlimit-mode", IOMMU_OPTION_RLIMIT_MODE },
		{ "huge-pages", IOMMU_OPTION_HUGE_PAGES },
		{ "unknown", UNKNOWN },
	};
	const char *name = take_string(request, "option");
	struct page_table *object = request_has(request, "object") ? take_page_table(&agent->table, request, "object") : NULL;
	const char *iommufd_name = take_name_or(request, "iommufd", MAIN_IOMMUFD);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(name, known[i].name))
			break;
	if (i == sizeof(known) / sizeof(*known))
		request_refuse(request, "Unknown option \"%.40s\"", name);
	if (request_refused(request))
		return REFUSED;
	option->option_id = known[i].id;
	option->object_id = object ? object->id : 0;
	if (!object)
		return open_iommufd(agent, request, iommufd_name, iommufd);
	*iommufd = object->iommufd;
	return 0;
}

int option_get(struct agent *agent, struct request *request)
{
	struct iommu_option option = { .size = sizeof(option), .op = IOMMU_OPTION_OP_GET };
	struct iommufd *iommufd;
	int error = take_option(agent, request, &option, &iommufd);

	if (error)
		return error;
	error = system_call(request, ioctl(iommufd->fd, IOMMU_OPTION, &option));
	if (!error)
		value_number(request, "value", option.val64);
	return error;
}

int option_set(struct agent *agent, struct request *request)
{
	struct iommu_option option = { .size = sizeof(option), .op = IOMMU_OPTION_OP_SET };
	struct iommufd *iommufd;
	int error;

	option.val64 = take_number(request, "value", COUNT_LIMIT);
	if (take_bool_or(request, "unknown", false))
		option.op = 7;
	error = take_option(agent, request, &option, &iommufd);
	return error ? error : system_call(request, ioctl(iommufd->fd, IOMMU_OPTION, &option));
}

static int take_info_type(struct request *request, struct iommu_hw_info *info)
{
	const char *type = request_has(request, "type") ? take_string(request, "type") : NULL;

	if (!type)
		return 0;
	info->flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE;
	if (!strcmp(type, "default"))
		info->in_data_type = 0;
	else if (!strcmp(type, "mock"))
		info->in_data_type = MOCK_INFO;
	else if (!strcmp(type, "unknown"))
		info->in_data_type = UNKNOWN;
	else
		return request_refuse(request, "Unknown type \"%.40s\"", type);
	return 0;
}

int hw_info(struct agent *agent, struct request *request)
{
	struct iommu_hw_info info = { .size = sizeof(info) };
	const char *name = take_name(request, "device");
	struct page_table *mock = find_page_table(&agent->table, name);
	struct function *function = find_function(&agent->table, name);
	struct iommufd *iommufd = mock ? mock->iommufd : function ? function->iommufd : NULL;
	uint32_t room = take_count_or(request, "room", 0);
	uint32_t writable = take_count_or(request, "writable", room);
	unsigned char *data = memory_before_end(writable);
	bool zeroed = true;
	int error;

	take_info_type(request, &info);
	if (take_bool_or(request, "unknown", false))
		info.flags |= 1 << 30;
	if (!iommufd || iommufd->fd < 0)
		request_refuse(request, "\"%.40s\" is no device of an open iommufd", name);
	if (!data || writable > room)
		request_refuse(request, "Expected no more to be writable than is asked for, and that to be a page at most");
	if (request_refused(request))
		return REFUSED;
	memset(data, 0xff, writable);
	info.dev_id = mock ? mock->device : function->id;
	info.data_uptr = (uintptr_t)data;
	info.data_len = room;
	error = system_call(request, ioctl(iommufd->fd, IOMMU_GET_HW_INFO, &info));
	if (error)
		return error;
	for (uint32_t i = info.data_len; i < room; i++)
		zeroed = zeroed && !data[i];
	value_string(request, "type", info.out_data_type == MOCK_INFO ? "mock" : info.out_data_type ? "unknown" : "none");
	value_number(request, "length", info.data_len);
	value_number(request, "capabilities", info.out_capabilities);
	value_number(request, "pasidBits", info.out_max_pasid_log2);
	json_object_set_new(request->values, "zeroed", json_boolean(zeroed));
	if (info.out_data_type == MOCK_INFO && room >= 2 * sizeof(uint32_t)) {
		uint32_t words[2];

		memcpy(words, data, sizeof(words));
		value_hex(request, "register", words[1]);
	}
	return 0;
}

int vfio_ioas_set(struct agent *agent, struct request *request)
{
	struct iommu_vfio_ioas set = { .size = sizeof(set), .op = IOMMU_VFIO_IOAS_CLEAR };
	struct page_table *ioas = request_has(request, "ioas") ? take_page_table(&agent->table, request, "ioas") : NULL;
	bool unknown = take_bool_or(request, "unknown", false);
	struct iommufd *iommufd;
	int error;

	error = take_iommufd(agent, request, &iommufd);
	if (error)
		return error;
	if (ioas) {
		set.op = IOMMU_VFIO_IOAS_SET;
		set.ioas_id = ioas->id;
	}
	if (unknown)
		set.op = 7;
	return system_call(request, ioctl(iommufd->fd, IOMMU_VFIO_IOAS, &set));
}

/* Whether the IOAS of VFIO's old calls is the one that is named. */
int vfio_ioas_get(struct agent *agent, struct request *request)
{
	struct iommu_vfio_ioas get = { .size = sizeof(get), .op = IOMMU_VFIO_IOAS_GET };
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	int error;

	if (request_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(ioas->iommufd->fd, IOMMU_VFIO_IOAS, &get));
	if (!error)
		json_object_set_new(request->values, "same", json_boolean(get.ioas_id == ioas->id));
	return error;
}
