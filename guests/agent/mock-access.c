// SPDX-License-Identifier: MIT
/*
 * Access to an IOAS by the kernel itself, as drivers without an IOMMU of their own have it: pages that are pinned, copies in
 * and out.
 *
 * An access is an object that has a file and no number; its file is kept where a queue's is.
 */
#include <errno.h>
#include <unistd.h>

#include "iommufd.h"
#include "mock.h"

#define WITH_PINS	(1 << 0)
#define UNKNOWN_FLAG	(1 << 30)
#define WRITES		(1 << 0)
#define SLOWLY		(1 << 2)

int access_create(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "access");
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	struct mock_command create = { .op = MOCK_ACCESS_CREATE };
	int error;

	create.access_create.flags = take_bool_or(request, "pins", true) ? WITH_PINS : 0;
	if (take_bool_or(request, "unknown", false))
		create.access_create.flags |= UNKNOWN_FLAG;
	if (mock_refused(request))
		return REFUSED;
	create.id = ioas->id;
	error = mock_command(request, ioas->iommufd, &create);
	if (error)
		return error;
	error = name_object(agent, request, name, ioas->iommufd, 0);
	if (error) {
		close(create.access_create.fd);
		return error;
	}
	find_page_table(&agent->table, name)->queue = create.access_create.fd;
	return 0;
}

/* A command about an access, which the kernel finds by its file; a closed one is asked for all the same. */
static int access_command(struct request *request, const struct page_table *access, struct mock_command *command)
{
	command->id = access->queue;
	return mock_command(request, access->iommufd, command);
}

int access_replace(struct agent *agent, struct request *request)
{
	struct page_table *access = take_page_table(&agent->table, request, "access");
	struct page_table *to = take_page_table(&agent->table, request, "to");
	struct mock_command replace = { .op = MOCK_ACCESS_REPLACE };

	if (mock_refused(request))
		return REFUSED;
	replace.replace.to = to->id;
	return access_command(request, access, &replace);
}

int access_pin(struct agent *agent, struct request *request)
{
	struct page_table *access = take_page_table(&agent->table, request, "access");
	struct buffer *buffer = request_has(request, "buffer") ? take_buffer(&agent->table, request) : NULL;
	uint32_t page = take_count_or(request, "page", 0);
	struct mock_command pin = { .op = MOCK_ACCESS_PIN };
	int error;

	pin.pin.iova = take_hex(request, "iova");
	pin.pin.length = take_hex(request, "length");
	pin.pin.flags = take_bool_or(request, "write", false) ? WRITES : 0;
	if (take_bool_or(request, "unknown", false))
		pin.pin.flags |= UNKNOWN_FLAG;
	if (buffer && page >= buffer->pages)
		request_refuse(request, "Buffer \"%s\" has no page %u", buffer->name, page);
	if (mock_refused(request))
		return REFUSED;
	pin.pin.address = buffer ? (uintptr_t)buffer->memory + (uint64_t)page * PAGE_SIZE : 0;
	error = access_command(request, access, &pin);
	if (!error)
		value_number(request, "pin", pin.pin.pin);
	return error;
}

int access_unpin(struct agent *agent, struct request *request)
{
	struct page_table *access = take_page_table(&agent->table, request, "access");
	struct mock_command unpin = { .op = MOCK_ACCESS_UNPIN };

	unpin.unpin.pin = take_number(request, "pin", COUNT_LIMIT);
	if (mock_refused(request))
		return REFUSED;
	return access_command(request, access, &unpin);
}

static int copy(struct agent *agent, struct request *request, uint32_t flags)
{
	struct page_table *access = take_page_table(&agent->table, request, "access");
	struct buffer *buffer = take_buffer(&agent->table, request);
	uint32_t page = take_count_or(request, "page", 0);
	struct mock_command copy = { .op = MOCK_ACCESS_COPY };

	copy.copy.iova = take_hex(request, "iova");
	copy.copy.length = take_hex(request, "length");
	copy.copy.flags = flags | (take_bool_or(request, "slow", false) ? SLOWLY : 0);
	if (take_bool_or(request, "unknown", false))
		copy.copy.flags |= UNKNOWN_FLAG;
	if (buffer && page >= buffer->pages)
		request_refuse(request, "Buffer \"%s\" has no page %u", buffer->name, page);
	if (mock_refused(request))
		return REFUSED;
	copy.copy.address = (uintptr_t)buffer->memory + (uint64_t)page * PAGE_SIZE;
	return access_command(request, access, &copy);
}

/* The kernel reads the IOAS; what it read is put into the buffer. */
int access_read(struct agent *agent, struct request *request)
{
	return copy(agent, request, 0);
}

/* The kernel writes the IOAS, and what it writes is in the buffer. */
int access_write(struct agent *agent, struct request *request)
{
	return copy(agent, request, WRITES);
}

/* An access can end after its iommufd was closed, which it holds. */
int access_close(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "access");
	struct page_table *access = find_page_table(&agent->table, name);
	int fd;

	if (!access || access->queue < 0)
		request_refuse(request, "\"%.40s\" is no open access", name);
	if (request_refused(request))
		return REFUSED;
	fd = access->queue;
	access->queue = -1;
	return system_call(request, close(fd));
}

/* Whether pages of a buffer are pinned as often as is thought. */
int page_pins(struct agent *agent, struct request *request)
{
	struct buffer *buffer = take_buffer(&agent->table, request);
	uint32_t page = take_count_or(request, "page", 0);
	uint32_t pages = take_count_or(request, "pages", 1);
	struct mock_command check = { .op = MOCK_CHECK_PINS };
	struct iommufd *iommufd = find_iommufd(&agent->table, take_name_or(request, "iommufd", MAIN_IOMMUFD));

	check.pins.pins = take_number(request, "pins", COUNT_LIMIT);
	if (buffer && (page >= buffer->pages || pages > buffer->pages - page))
		request_refuse(request, "Buffer \"%s\" has no such pages", buffer->name);
	if (!iommufd)
		request_refuse(request, "No iommufd is open to ask");
	if (mock_refused(request))
		return REFUSED;
	check.pins.address = (uintptr_t)buffer->memory + (uint64_t)page * PAGE_SIZE;
	check.pins.length = (uint64_t)pages * PAGE_SIZE;
	return mock_command(request, iommufd, &check);
}
