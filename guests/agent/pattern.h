/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_PATTERN_H
#define ZHIL_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE	4096

uint64_t fnv1a64(const void *bytes, size_t length);
void pattern_fill(void *page, const char *name);

#endif
