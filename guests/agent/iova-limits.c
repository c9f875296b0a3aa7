// SPDX-License-Identifier: MIT
/*
 * Which IOVAs of an IOAS may be used: those that somebody reserves, and those that the user keeps for what the kernel chooses.
 */
#include <stdio.h>
#include <sys/ioctl.h>

#include "mock.h"

#define ALLOWED	16

int iova_reserve(struct agent *agent, struct request *request)
{
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	struct mock_command reserve = { .op = MOCK_RESERVE };

	reserve.reserve.start = take_hex(request, "iova");
	reserve.reserve.length = take_hex(request, "length");
	if (mock_refused(request))
		return REFUSED;
	reserve.id = ioas->id;
	return mock_command(request, ioas->iommufd, &reserve);
}

static uint64_t hex_of(struct request *request, json_t *range, size_t i)
{
	const char *text = json_string_value(json_array_get(range, i));
	unsigned long long value = 0;

	if (!text || sscanf(text, "0x%16llx", &value) != 1)
		request_refuse(request, "Expected ranges of a first and a last IOVA such as 0x1000");
	return value;
}

int iova_allow(struct agent *agent, struct request *request)
{
	struct iommu_ioas_allow_iovas allow = { .size = sizeof(allow) };
	struct page_table *ioas = take_page_table(&agent->table, request, "ioas");
	json_t *ranges = take_array_or_none(request, "ranges"), *range;
	struct iommu_iova_range allowed[ALLOWED];
	size_t i;

	if (json_array_size(ranges) > ALLOWED)
		request_refuse(request, "Expected at most %d ranges", ALLOWED);
	else
		json_array_foreach(ranges, i, range) {
			allowed[i].start = hex_of(request, range, 0);
			allowed[i].last = hex_of(request, range, 1);
		}
	allow.allowed_iovas = (uintptr_t)allowed;
	if (take_bool_or(request, "unreadable", false))
		allow.allowed_iovas = (uintptr_t)memory_before_end(0);
	allow.__reserved = take_bool_or(request, "unknown", false);
	if (request_refused(request))
		return REFUSED;
	allow.ioas_id = ioas->id;
	allow.num_iovas = json_array_size(ranges);
	return system_call(request, ioctl(ioas->iommufd->fd, IOMMU_IOAS_ALLOW_IOVAS, &allow));
}
