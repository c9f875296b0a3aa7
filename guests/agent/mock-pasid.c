// SPDX-License-Identifier: MIT
/*
 * What a mock is made to be, and what its PASIDs are attached to.
 */
#include "mock.h"

/**
 * take_mock_flags - the fields that say what a mock is made to be
 */
uint32_t take_mock_flags(struct request *request)
{
	return (take_bool_or(request, "pasids", false) ? MOCK_FLAG_PASIDS : 0) |
	       (take_bool_or(request, "dirtyTracking", true) ? 0 : MOCK_FLAG_NO_DIRTY_TRACKING) |
	       (take_bool_or(request, "unknown", false) ? MOCK_FLAG_UNKNOWN : 0);
}

/* Whether a PASID is attached to a HWPT; without one, whether it is attached to nothing. */
int mock_pasid_check(struct agent *agent, struct request *request)
{
	struct page_table *mock = take_mock(&agent->table, request);
	struct page_table *to = request_has(request, "to") ? take_page_table(&agent->table, request, "to") : NULL;
	struct mock_command check = { .op = MOCK_PASID_CHECK };

	check.pasid.pasid = take_number(request, "pasid", MOCK_PASID_LIMIT);
	if (mock_refused(request))
		return REFUSED;
	check.id = mock->id;
	check.pasid.to = to ? to->id : 0;
	return mock_command(request, mock->iommufd, &check);
}
