/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_CLOCK_H
#define ZHIL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_micros(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void sleep_micros(uint32_t micros)
{
	const struct timespec duration = { .tv_nsec = (long)micros * 1000 };

	nanosleep(&duration, NULL);
}

#endif
