// SPDX-License-Identifier: MIT
/*
 * iommufd's mock device: attached where it is made, replaced, asked what its table translates, destroyed as other objects.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "iommufd.h"
#include "mock.h"

/**
 * mock_refused - like request_refused(), and whether the kernel's mock is another than the one that is known here
 */
bool mock_refused(struct request *request)
{
	const size_t length = strlen(MOCK_KERNEL);
	struct utsname system;

	uname(&system);
	if (strncmp(system.release, MOCK_KERNEL, length) || (system.release[length] >= '0' && system.release[length] <= '9'))
		request_refuse(request, "Cannot use iommufd's mock device: its interface is known as Linux %s has it, and "
			       "this is %.40s", MOCK_KERNEL, system.release);
	return request_refused(request);
}

/**
 * take_mock - the mock that a request names
 */
struct page_table *take_mock(struct table *table, struct request *request)
{
	struct page_table *mock = take_page_table(table, request, "mock");

	if (mock && !mock->device) {
		request_refuse(request, "\"%s\" is no mock", mock->name);
		return NULL;
	}
	return mock;
}

/**
 * mock_command - send a command to the mock's driver, through an iommufd
 */
int mock_command(struct request *request, const struct iommufd *iommufd, struct mock_command *command)
{
	command->size = sizeof(*command);
	return system_call(request, ioctl(iommufd->fd, MOCK_COMMAND, command));
}

/* A command about something that is no mock's is sent through the iommufd of the object it is about. */
static int command(struct request *request, const struct page_table *object, struct mock_command *command)
{
	return mock_command(request, object->iommufd, command);
}

int mock_create(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "mock");
	struct page_table *to = take_page_table(&agent->table, request, "to");
	struct mock_command create = { .op = MOCK_CREATE };
	struct page_table *mock;
	int error;

	create.create.flags = take_mock_flags(request);
	if (create.create.flags)
		create.op = MOCK_CREATE_WITH_FLAGS;
	if (mock_refused(request))
		return REFUSED;
	create.id = to->id;
	error = command(request, to, &create);
	if (error)
		return error;
	error = name_object(agent, request, name, to->iommufd, create.create.mock);
	if (error)
		return error;
	mock = find_page_table(&agent->table, name);
	mock->device = create.create.device;
	mock->attached = create.create.hwpt;
	value_number(request, "device", create.create.device);
	value_number(request, "pt", create.create.hwpt);
	return 0;
}

int mock_replace(struct agent *agent, struct request *request)
{
	struct page_table *mock = take_mock(&agent->table, request);
	struct page_table *to = take_page_table(&agent->table, request, "to");
	struct mock_command replace = { .op = MOCK_REPLACE };
	int error;

	if (mock_refused(request))
		return REFUSED;
	replace.id = mock->id;
	replace.replace.to = to->id;
	error = command(request, mock, &replace);
	if (error)
		return error;
	mock->attached = replace.replace.to;
	value_number(request, "pt", replace.replace.to);
	return 0;
}

int mock_check(struct agent *agent, struct request *request)
{
	struct page_table *mock = take_mock(&agent->table, request);
	struct buffer *buffer = take_buffer(&agent->table, request);
	uint32_t page = take_count_or(request, "page", 0);
	struct mock_command check = { .op = MOCK_CHECK_MAP };

	check.check.iova = take_hex(request, "iova");
	if (buffer && page >= buffer->pages)
		request_refuse(request, "Buffer \"%s\" has no page %u", buffer->name, page);
	if (mock_refused(request))
		return REFUSED;
	check.id = mock->attached;
	check.check.length = PAGE_SIZE;
	check.check.address = (uintptr_t)buffer->memory + (uint64_t)page * PAGE_SIZE;
	return command(request, mock, &check);
}

int mock_hwpt_alloc(struct agent *agent, struct request *request)
{
	struct mock_hwpt_data data = {};
	struct iommu_hwpt_alloc alloc = { .size = sizeof(alloc) }, *given = &alloc;
	const char *name = take_name(request, "hwpt");
	struct page_table *mock = take_mock(&agent->table, request);
	struct page_table *parent = take_page_table(&agent->table, request, "parent");
	struct page_table *queue = request_has(request, "queue") ? take_page_table(&agent->table, request, "queue") : NULL;
	int error;

	alloc.flags = take_hwpt_flags(request);
	if (take_bool_or(request, "data", false)) {
		alloc.data_type = MOCK_HWPT_DATA;
		alloc.data_uptr = (uintptr_t)&data;
		alloc.data_len = sizeof(data);
	}
	alloc.fault_id = queue ? queue->id : 0;
	if (queue)
		alloc.flags |= IOMMU_HWPT_FAULT_ID_VALID;
	alloc.dev_id = mock ? mock->device : 0;
	alloc.pt_id = parent ? parent->id : 0;
	if (take_bool_or(request, "unwritable", false))
		given = unwritable_copy(&alloc, sizeof(alloc));
	if (mock_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(parent->iommufd->fd, IOMMU_HWPT_ALLOC, given));
	return error ? error : name_object(agent, request, name, parent->iommufd, given->out_hwpt_id);
}

static int change_pasid(struct agent *agent, struct request *request, enum mock_op op)
{
	struct page_table *mock = take_mock(&agent->table, request);
	struct page_table *to = op == MOCK_PASID_DETACH ? mock : take_page_table(&agent->table, request, "to");
	struct mock_command change = { .op = op };

	change.pasid.pasid = take_number(request, "pasid", MOCK_PASID_LIMIT);
	if (mock_refused(request))
		return REFUSED;
	change.id = mock->id;
	change.pasid.to = to->id;
	return command(request, mock, &change);
}

int mock_pasid_attach(struct agent *agent, struct request *request)
{
	return change_pasid(agent, request, MOCK_PASID_ATTACH);
}

int mock_pasid_replace(struct agent *agent, struct request *request)
{
	return change_pasid(agent, request, MOCK_PASID_REPLACE);
}

int mock_pasid_detach(struct agent *agent, struct request *request)
{
	return change_pasid(agent, request, MOCK_PASID_DETACH);
}
