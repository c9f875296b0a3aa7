/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_MAPPING_H
#define ZHIL_MAPPING_H

#include "agent.h"

/**
 * struct mapping - what of a buffer is to be mapped, and how
 */
struct mapping {
	uint64_t address;
	uint64_t length;
	bool read;
	bool write;
};

/* Takes the fields of a mapping: buffer, page, pages, length, skew, read, write. */
struct mapping take_mapping(struct agent *agent, struct request *request);

#endif
