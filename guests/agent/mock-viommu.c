// SPDX-License-Identifier: MIT
/*
 * The mock as a virtual IOMMU: devices behind it, and the queue of its events.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iommufd.h"
#include "mock.h"

int viommu_alloc(struct agent *agent, struct request *request)
{
	struct iommu_viommu_alloc alloc = { .size = sizeof(alloc), .type = MOCK_VIOMMU };
	const char *name = take_name(request, "viommu");
	struct page_table *mock = take_mock(&agent->table, request);
	struct page_table *parent = take_page_table(&agent->table, request, "parent");
	int error;

	if (mock_refused(request))
		return REFUSED;
	alloc.dev_id = mock->device;
	alloc.hwpt_id = parent->id;
	error = system_call(request, ioctl(parent->iommufd->fd, IOMMU_VIOMMU_ALLOC, &alloc));
	return error ? error : name_object(agent, request, name, parent->iommufd, alloc.out_viommu_id);
}

int vdevice_alloc(struct agent *agent, struct request *request)
{
	struct iommu_vdevice_alloc alloc = { .size = sizeof(alloc) };
	const char *name = take_name(request, "vdevice");
	struct page_table *viommu = take_page_table(&agent->table, request, "viommu");
	struct page_table *mock = take_mock(&agent->table, request);
	int error;

	alloc.virt_id = take_count_or(request, "number", 1);
	if (mock_refused(request))
		return REFUSED;
	alloc.viommu_id = viommu->id;
	alloc.dev_id = mock->device;
	error = system_call(request, ioctl(viommu->iommufd->fd, IOMMU_VDEVICE_ALLOC, &alloc));
	return error ? error : name_object(agent, request, name, viommu->iommufd, alloc.out_vdevice_id);
}

int hw_queue_alloc(struct agent *agent, struct request *request)
{
	struct iommu_hw_queue_alloc alloc = { .size = sizeof(alloc) };
	const char *name = take_name(request, "hwQueue");
	struct page_table *viommu = take_page_table(&agent->table, request, "viommu");
	int error;

	alloc.flags = take_count_or(request, "flags", 0);
	alloc.type = take_bool_or(request, "typed", true) ? MOCK_HW_QUEUE : IOMMU_HW_QUEUE_TYPE_DEFAULT;
	alloc.index = take_count_or(request, "index", 0);
	alloc.nesting_parent_iova = take_hex(request, "iova");
	alloc.length = take_hex(request, "length");
	if (mock_refused(request))
		return REFUSED;
	alloc.viommu_id = viommu->id;
	error = system_call(request, ioctl(viommu->iommufd->fd, IOMMU_HW_QUEUE_ALLOC, &alloc));
	return error ? error : name_object(agent, request, name, viommu->iommufd, alloc.out_hw_queue_id);
}

int event_queue_alloc(struct agent *agent, struct request *request)
{
	struct iommu_veventq_alloc alloc = { .size = sizeof(alloc) }, *given = &alloc;
	const char *name = take_name(request, "queue");
	struct page_table *viommu = take_page_table(&agent->table, request, "viommu");
	int error;

	alloc.veventq_depth = take_number(request, "depth", 1 << 20);
	alloc.flags = take_count_or(request, "flags", 0);
	alloc.type = take_bool_or(request, "typed", true) ? MOCK_EVENT_QUEUE : IOMMU_VEVENTQ_TYPE_DEFAULT;
	alloc.viommu_id = viommu ? viommu->id : 0;
	if (take_bool_or(request, "unwritable", false))
		given = unwritable_copy(&alloc, sizeof(alloc));
	if (mock_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(viommu->iommufd->fd, IOMMU_VEVENTQ_ALLOC, given));
	if (error)
		return error;
	return keep_queue(agent, request, name, viommu->iommufd, given->out_veventq_id, given->out_veventq_fd);
}

int event_raise(struct agent *agent, struct request *request)
{
	struct mock_command raise = { .size = sizeof(raise), .op = MOCK_RAISE_EVENT };
	struct page_table *mock = take_mock(&agent->table, request);

	if (mock_refused(request))
		return REFUSED;
	raise.event.device = mock->device;
	return system_call(request, ioctl(mock->iommufd->fd, MOCK_COMMAND, &raise));
}

/* What was read, header by header; a header that tells of lost events has nothing behind it. */
static json_t *describe_events(const unsigned char *memory, size_t length)
{
	json_t *events = json_array(), *event;
	struct iommufd_vevent_header header;
	struct mock_event data;
	size_t at = 0;

	while (at + sizeof(header) <= length) {
		memcpy(&header, memory + at, sizeof(header));
		at += sizeof(header);
		event = json_pack("{s:I, s:b}", "sequence", (json_int_t)header.sequence, "lost",
				  !!(header.flags & IOMMU_VEVENTQ_FLAG_LOST_EVENTS));
		if (!(header.flags & IOMMU_VEVENTQ_FLAG_LOST_EVENTS) && at + sizeof(data) <= length) {
			memcpy(&data, memory + at, sizeof(data));
			at += sizeof(data);
			json_object_set_new(event, "number", json_integer(data.device));
		}
		json_array_append_new(events, event);
	}
	return events;
}

int event_read(struct agent *agent, struct request *request)
{
	struct page_table *queue = take_queue(&agent->table, request);
	uint32_t room = take_number(request, "room", PAGE_SIZE);
	uint32_t writable = request_has(request, "writable") ? take_number(request, "writable", PAGE_SIZE) : room;
	unsigned char *memory = memory_before_end(writable);
	ssize_t got;

	if (request_refused(request))
		return REFUSED;
	got = read(queue->queue, memory, room);
	if (got < 0)
		return errno;
	json_object_set_new(request->values, "events", describe_events(memory, got));
	value_number(request, "bytes", got);
	return 0;
}
