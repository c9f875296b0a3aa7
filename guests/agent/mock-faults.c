// SPDX-License-Identifier: MIT
/*
 * Page requests: the queue that user space reads them from and answers them on, and the mock that raises them.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iommufd.h"
#include "mock.h"

#define RESPONSES	64

int fault_queue_alloc(struct agent *agent, struct request *request)
{
	struct iommu_fault_alloc alloc = { .size = sizeof(alloc) }, *given = &alloc;
	const char *name = take_name(request, "queue");
	struct iommufd *iommufd;
	int error;

	alloc.flags = take_count_or(request, "flags", 0);
	if (take_bool_or(request, "unwritable", false))
		given = unwritable_copy(&alloc, sizeof(alloc));
	error = take_iommufd(agent, request, &iommufd);
	if (error)
		return error;
	error = system_call(request, ioctl(iommufd->fd, IOMMU_FAULT_QUEUE_ALLOC, given));
	return error ? error : keep_queue(agent, request, name, iommufd, given->out_fault_id, given->out_fault_fd);
}

static const struct {
	const char *name;
	uint32_t bit;
} permissions[] = {
	{ "read", IOMMU_PGFAULT_PERM_READ },
	{ "write", IOMMU_PGFAULT_PERM_WRITE },
	{ "exec", IOMMU_PGFAULT_PERM_EXEC },
	{ "priv", IOMMU_PGFAULT_PERM_PRIV },
};

#define PERMISSIONS	(sizeof(permissions) / sizeof(*permissions))

static uint32_t take_permissions(struct request *request)
{
	json_t *names = take_array_or_none(request, "access"), *name;
	uint32_t bits = 0;
	size_t i, k;

	json_array_foreach(names, i, name) {
		for (k = 0; k < PERMISSIONS; k++)
			if (json_is_string(name) && !strcmp(json_string_value(name), permissions[k].name))
				break;
		if (k == PERMISSIONS)
			request_refuse(request, "Unknown access at place %zu of field \"access\"", i);
		else
			bits |= permissions[k].bit;
	}
	return bits;
}

/* The device may be a function, too: the kernel says what it makes of that. */
int fault_raise(struct agent *agent, struct request *request)
{
	struct mock_command raise = { .size = sizeof(raise), .op = MOCK_RAISE_FAULT };
	const char *name = take_name(request, "mock");
	struct page_table *mock = find_page_table(&agent->table, name);
	struct function *function = find_function(&agent->table, name);
	struct iommufd *iommufd = mock ? mock->iommufd : function ? function->iommufd : NULL;

	raise.fault.group = take_count_or(request, "group", 0);
	raise.fault.pasid = take_count_or(request, "pasid", 0);
	raise.fault.address = take_hex(request, "iova");
	raise.fault.permissions = take_permissions(request);
	if (!iommufd || iommufd->fd < 0)
		request_refuse(request, "\"%.40s\" is no device of an open iommufd", name);
	if (mock_refused(request))
		return REFUSED;
	raise.fault.device = mock ? mock->device : function->id;
	return system_call(request, ioctl(iommufd->fd, MOCK_COMMAND, &raise));
}

static json_t *describe_fault(const struct iommu_hwpt_pgfault *fault)
{
	json_t *access = json_array();

	for (size_t i = 0; i < PERMISSIONS; i++)
		if (fault->perm & permissions[i].bit)
			json_array_append_new(access, json_string(permissions[i].name));
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:b, s:I, s:I}", "device", (json_int_t)fault->dev_id, "group",
			 (json_int_t)fault->grpid, "cookie", (json_int_t)fault->cookie, "iova", json_hex(fault->addr),
			 "access", access, "last", !!(fault->flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE), "pasid",
			 fault->flags & IOMMU_PGFAULT_FLAGS_PASID_VALID ? (json_int_t)fault->pasid : (json_int_t)0,
			 "rest", (json_int_t)(fault->length | fault->__reserved));
}

int fault_read(struct agent *agent, struct request *request)
{
	struct page_table *queue = take_queue(&agent->table, request);
	uint32_t room = take_number(request, "room", PAGE_SIZE);
	uint32_t writable = request_has(request, "writable") ? take_number(request, "writable", PAGE_SIZE) : room;
	unsigned char *memory = memory_before_end(writable);
	struct iommu_hwpt_pgfault fault;
	json_t *faults;
	ssize_t got;

	if (request_refused(request))
		return REFUSED;
	got = read(queue->queue, memory, room);
	if (got < 0)
		return errno;
	faults = json_array();
	for (size_t at = 0; at + sizeof(fault) <= (size_t)got; at += sizeof(fault)) {
		memcpy(&fault, memory + at, sizeof(fault));
		json_array_append_new(faults, describe_fault(&fault));
	}
	json_object_set_new(request->values, "faults", faults);
	value_number(request, "bytes", got);
	return 0;
}

/* Takes the list of answers into memory that ends behind them. */
static size_t take_responses(struct request *request, struct iommu_hwpt_page_response *responses)
{
	json_t *list = take_array_or_none(request, "responses"), *each;
	size_t i;

	json_array_foreach(list, i, each) {
		json_int_t cookie, code;

		if (i == RESPONSES || json_unpack(each, "{s:I, s:I!}", "cookie", &cookie, "code", &code)) {
			request_refuse(request, "No answer of cookie and code at place %zu of field \"responses\"", i);
			return 0;
		}
		responses[i] = (struct iommu_hwpt_page_response){ .cookie = cookie, .code = code };
	}
	return json_array_size(list);
}

int fault_respond(struct agent *agent, struct request *request)
{
	struct iommu_hwpt_page_response responses[RESPONSES];
	struct page_table *queue = take_queue(&agent->table, request);
	uint32_t size = take_responses(request, responses) * sizeof(*responses);
	uint32_t length = request_has(request, "length") ? take_number(request, "length", PAGE_SIZE) : size;
	unsigned char *memory = memory_before_end(size);
	ssize_t put;

	if (request_refused(request))
		return REFUSED;
	memcpy(memory, responses, size);
	put = write(queue->queue, memory, length);
	if (put < 0)
		return errno;
	value_number(request, "bytes", put);
	return 0;
}
