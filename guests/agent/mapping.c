// SPDX-License-Identifier: MIT
/*
 * The part of a buffer that a mapping names, wrong on purpose where the request says so.
 */
#include "mapping.h"

struct mapping take_mapping(struct agent *agent, struct request *request)
{
	struct buffer *buffer = take_buffer(&agent->table, request);
	uint32_t page = take_count_or(request, "page", 0);
	uint32_t rest = buffer && page <= buffer->pages ? buffer->pages - page : 0;
	uint32_t pages = take_count_or(request, "pages", rest);
	struct mapping mapping = { .length = (uint64_t)pages * PAGE_SIZE };
	uint32_t skew;

	if (request_has(request, "length"))
		mapping.length = take_hex(request, "length");
	skew = take_count_or(request, "skew", 0);
	mapping.read = take_bool_or(request, "read", true);
	mapping.write = take_bool_or(request, "write", true);
	if (!buffer)
		return mapping;
	if (page > buffer->pages)
		request_refuse(request, "Buffer \"%s\" has no page %u", buffer->name, page);
	mapping.address = (uintptr_t)buffer->memory + (uint64_t)page * PAGE_SIZE + skew;
	return mapping;
}
