// SPDX-License-Identifier: MIT
/*
 * Contents of pages that can be told apart, and made again, by name.
 */
#include <endian.h>
#include <string.h>

#include "pattern.h"

/**
 * fnv1a64 - the 64-bit FNV-1a hash of some bytes
 */
uint64_t fnv1a64(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (length--) {
		hash ^= *at++;
		hash *= 0x100000001b3ULL;
	}
	return hash;
}

/**
 * pattern_fill - fill a page with the pattern of a name
 * @page: %PAGE_SIZE bytes, aligned to 8
 *
 * The pattern is the name's hash h as a big-endian word, then h + 1, h + 2 and so on.
 */
void pattern_fill(void *page, const char *name)
{
	uint64_t word = fnv1a64(name, strlen(name));
	uint64_t *words = page;

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		words[i] = htobe64(word + i);
}
