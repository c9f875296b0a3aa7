/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_REGION_H
#define ZHIL_REGION_H

#include <stdint.h>
#include <sys/types.h>

struct function;

/* region.c: all return 0 or the errno of what failed. */
int access_result(ssize_t done, size_t size);
int region_read(const struct function *function, uint64_t at, uint32_t size, uint32_t *value);
int region_write(const struct function *function, uint64_t at, uint32_t size, uint32_t value);
int find_region(const struct function *function, uint32_t index, uint64_t *offset);
int read_config(const struct function *function, uint64_t offset, void *bytes, size_t size);
int change_command(const struct function *function, uint16_t clear, uint16_t set);

#endif
