// SPDX-License-Identifier: MIT
/*
 * The table from names to what they stand for.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "table.h"

/*
 * All slots begin with their name, so one search serves every kind: the slot of that name, or for an empty name the first
 * free one.
 */
static void *find_slot(void *slots, size_t count, size_t size, const char *name)
{
	char *slot = slots;

	for (size_t i = 0; i < count; i++, slot += size)
		if (!strcmp(slot, name))
			return slot;
	return NULL;
}

static void *add_slot(void *slots, size_t count, size_t size, const char *name)
{
	char *slot = find_slot(slots, count, size, "");

	if (slot)
		snprintf(slot, NAME_SIZE, "%s", name);
	return slot;
}

#define FIND(table, kind, name) \
	(*(name) ? find_slot((table)->kind, sizeof((table)->kind) / sizeof(*(table)->kind), \
			     sizeof(*(table)->kind), name) : NULL)
#define ADD(table, kind, name) \
	add_slot((table)->kind, sizeof((table)->kind) / sizeof(*(table)->kind), sizeof(*(table)->kind), name)

struct function *find_function(struct table *table, const char *name)
{
	return FIND(table, functions, name);
}

struct buffer *find_buffer(struct table *table, const char *name)
{
	return FIND(table, buffers, name);
}

/* Only an open one: a closed iommufd keeps its slot, for the objects that were made in it. */
struct iommufd *find_iommufd(struct table *table, const char *name)
{
	for (size_t i = 0; i < IOMMUFDS; i++)
		if (!strcmp(table->iommufds[i].name, name) && table->iommufds[i].fd >= 0)
			return &table->iommufds[i];
	return NULL;
}

struct page_table *find_page_table(struct table *table, const char *name)
{
	return FIND(table, page_tables, name);
}

struct container *find_container(struct table *table, const char *name)
{
	return FIND(table, containers, name);
}

/* The add_ functions return NULL where there is no room; the name must be free. */

struct function *add_function(struct table *table, const char *name)
{
	struct function *function = ADD(table, functions, name);

	if (function) {
		function->device = -1;
		function->group = -1;
		function->errors = -1;
		function->files = (struct function_files){ .folder = -1, .handle = -1, .statistics = -1 };
	}
	return function;
}

struct iommufd *add_iommufd(struct table *table, const char *name, int fd)
{
	struct iommufd *iommufd = ADD(table, iommufds, name);

	if (iommufd)
		iommufd->fd = fd;
	return iommufd;
}

struct page_table *add_page_table(struct table *table, const char *name)
{
	struct page_table *object = ADD(table, page_tables, name);

	if (object) {
		object->queue = -1;
		object->watch = -1;
	}
	return object;
}

struct container *add_container(struct table *table, const char *name)
{
	struct container *container = ADD(table, containers, name);

	if (container)
		container->fd = -1;
	return container;
}

/* How many pages buffers have most often, and those that were taken for them before anything is asked; NULL once in use. */
static const uint32_t spare_sizes[] = { QUEUE_PAGES, QUEUE_PAGES, QUEUE_PAGES, 1, 1, 1, 1, 2, 2 };

#define SPARES	(sizeof(spare_sizes) / sizeof(*spare_sizes))

static unsigned char *spares[SPARES];

/* Zeroed pages, there already, between two that cannot be touched: what runs past the buffer finds nothing of ours. */
static unsigned char *map_pages(uint32_t pages)
{
	const size_t size = (size_t)pages * PAGE_SIZE;
	unsigned char *memory;

	memory = mmap(NULL, size + 2 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	if (!mprotect(memory + PAGE_SIZE, size, PROT_READ | PROT_WRITE))
		return memset(memory + PAGE_SIZE, 0, size);
	munmap(memory, size + 2 * PAGE_SIZE);
	return NULL;
}

/**
 * spare_pages - take pages for buffers before there are any
 *
 * A clone comes with them: having them mapped and given their first contents would cost it some milliseconds, for whatever
 * kernel code it runs for the first time is slow.
 */
void spare_pages(void)
{
	for (size_t i = 0; i < SPARES; i++)
		spares[i] = map_pages(spare_sizes[i]);
}

static unsigned char *allocate_pages(uint32_t pages)
{
	for (size_t i = 0; i < SPARES; i++) {
		unsigned char *memory = spares[i];

		if (!memory || spare_sizes[i] != pages)
			continue;
		spares[i] = NULL;
		return memory;
	}
	return map_pages(pages);
}

/**
 * add_buffer - make a buffer
 * @watched: report its pages when they change; they start with the patterns of `fill:NAME[i]`
 */
struct buffer *add_buffer(struct table *table, const char *name, uint32_t pages, bool watched)
{
	unsigned char *memory = allocate_pages(pages);
	unsigned char *shadow = watched ? allocate_pages(pages) : NULL;
	struct buffer *buffer;
	char pattern[64];

	if (!memory || (watched && !shadow))
		return NULL;
	buffer = ADD(table, buffers, name);
	if (!buffer)
		return NULL;
	buffer->memory = memory;
	buffer->shadow = shadow;
	buffer->pages = pages;
	if (!watched)
		return buffer;
	for (uint32_t i = 0; i < pages; i++) {
		snprintf(pattern, sizeof(pattern), "fill:%s[%u]", name, i);
		pattern_fill(memory + (size_t)i * PAGE_SIZE, pattern);
	}
	memcpy(shadow, memory, (size_t)pages * PAGE_SIZE);
	table->watched_pages += pages;
	return buffer;
}

struct function *take_function(struct table *table, struct request *request)
{
	const char *name = take_name(request, "function");
	struct function *function = find_function(table, name);

	if (!function)
		request_refuse(request, "Unknown function \"%.40s\": define it first", name);
	return function;
}

struct function *take_open_function(struct table *table, struct request *request)
{
	struct function *function = take_function(table, request);

	if (!function || function->device >= 0)
		return function;
	request_refuse(request, "Function \"%s\" is not open", function->name);
	return NULL;
}

struct function *take_function_with_group(struct table *table, struct request *request)
{
	struct function *function = take_function(table, request);

	if (!function || function->group >= 0)
		return function;
	request_refuse(request, "The group of function \"%s\" is not open", function->name);
	return NULL;
}

struct buffer *take_buffer(struct table *table, struct request *request)
{
	const char *name = take_string(request, "buffer");
	struct buffer *buffer = find_buffer(table, name);

	if (!buffer)
		request_refuse(request, "Unknown buffer \"%.40s\": define it first", name);
	return buffer;
}

/* An IOAS or a HWPT whose iommufd is open; the object itself may have been destroyed, the kernel knows. */
struct page_table *take_page_table(struct table *table, struct request *request, const char *field)
{
	const char *name = take_name(request, field);
	struct page_table *found = find_page_table(table, name);

	if (!found)
		request_refuse(request, "Unknown IOAS or HWPT \"%.40s\"", name);
	else if (found->iommufd->fd < 0)
		request_refuse(request, "The iommufd \"%s\" of \"%s\" is closed", found->iommufd->name, name);
	else
		return found;
	return NULL;
}

struct container *take_container(struct table *table, struct request *request)
{
	const char *name = take_name(request, "container");
	struct container *container = find_container(table, name);

	if (container && container->fd >= 0)
		return container;
	request_refuse(request, "Container \"%.40s\" is not open", name);
	return NULL;
}

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void close_queue(struct page_table *object)
{
	close_descriptor(&object->watch);
	close_descriptor(&object->queue);
}

/**
 * table_close_all - close every descriptor: devices, then groups, containers, queues and iommufds
 */
void table_close_all(struct table *table)
{
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (*table->functions[i].name)
			close_descriptor(&table->functions[i].device);
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (*table->functions[i].name)
			close_descriptor(&table->functions[i].group);
	for (size_t i = 0; i < CONTAINERS; i++)
		if (*table->containers[i].name)
			close_descriptor(&table->containers[i].fd);
	for (size_t i = 0; i < PAGE_TABLES; i++)
		if (*table->page_tables[i].name)
			close_queue(&table->page_tables[i]);
	for (size_t i = 0; i < IOMMUFDS; i++)
		if (*table->iommufds[i].name)
			close_descriptor(&table->iommufds[i].fd);
}
