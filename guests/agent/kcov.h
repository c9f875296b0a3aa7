/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_KCOV_H
#define ZHIL_KCOV_H

#include <stdint.h>

#include "request.h"

/**
 * struct places - where in the kernel this thread has been, as the kernel traces it (CONFIG_KCOV)
 * @trace: the kernel's list since it was last emptied: how many, and each; NULL where nothing is traced
 * @set: those that are known, by their hash; 0 where there is none
 * @known: the same in the order in which they came
 * @count: how many are known
 * @told: how many of them were told
 */
struct places {
	uint64_t *trace;
	uint64_t *set;
	uint64_t *known;
	uint32_t count;
	uint32_t told;
};

void places_begin(const struct places *places);
void places_take(struct places *places);
void places_report(struct places *places, json_t *answer);

#endif
