/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_FAIL_NTH_H
#define ZHIL_FAIL_NTH_H

#include "request.h"

/**
 * struct fail_nth - which of the kernel's allocations is to fail
 * @nth: counted from 1 for each operation; 0 for none
 * @file: the descriptor by which the kernel is told; 0 before it is open
 * @tells: whether the kernel says who asked for the memory
 */
struct fail_nth {
	unsigned int nth;
	int file;
	bool tells;
};

void fail_nth_take(struct fail_nth *fail, struct request *request, bool tells);
void fail_nth_arm(const struct fail_nth *fail);
void fail_nth_disarm(const struct fail_nth *fail, struct request *request);

#endif
