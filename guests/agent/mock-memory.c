// SPDX-License-Identifier: MIT
/*
 * Memory that ends: what the kernel reads or writes there is cut off where the scenario says.
 */
#include <string.h>
#include <sys/mman.h>

#include "mock.h"

/* A page that may be used, and behind it one that may not. */
static unsigned char *page_before_end(void)
{
	static unsigned char *pages;

	if (pages)
		return pages;
	pages = mmap(NULL, 2 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages, PAGE_SIZE, PROT_READ | PROT_WRITE))
		return pages = NULL;
	return pages;
}

/**
 * memory_before_end - the last bytes, zeroed, before memory that nobody may touch
 * @length: how many; at most %PAGE_SIZE
 *
 * Return: where they are; NULL where there is no memory. The next call takes them again.
 */
unsigned char *memory_before_end(size_t length)
{
	unsigned char *pages = page_before_end();

	if (!pages || length > PAGE_SIZE)
		return NULL;
	memset(pages, 0, PAGE_SIZE);
	return pages + PAGE_SIZE - length;
}

/**
 * unwritable_copy - a copy of some bytes that can be read and not written
 *
 * Return: where it is; NULL where there is no memory. The next call takes it again.
 */
void *unwritable_copy(const void *bytes, size_t length)
{
	static unsigned char *page;

	if (page)
		munmap(page, PAGE_SIZE);
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || length > PAGE_SIZE)
		return page = NULL;
	memcpy(page, bytes, length);
	mprotect(page, PAGE_SIZE, PROT_READ);
	return page;
}
