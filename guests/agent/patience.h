/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_PATIENCE_H
#define ZHIL_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct patience - a bounded wait for a device
 * @limit: in microseconds; 0 for as long as any device may take
 */
struct patience {
	uint64_t limit;
	uint32_t rounds;
	uint64_t since;
};

bool keep_waiting(struct patience *patience);

#endif
