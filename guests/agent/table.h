/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_TABLE_H
#define ZHIL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "card.h"
#include "nvme.h"
#include "pattern.h"
#include "request.h"
#include "virtio.h"

#define NAME_SIZE	48
#define QUEUE_PAGES	4
#define INTERRUPTS	16

/**
 * struct iommufd - an open /dev/iommu
 * @fd: its descriptor, -1 once closed
 */
struct iommufd {
	char name[NAME_SIZE];
	int fd;
};

/**
 * struct page_table - an IOAS, a HWPT, or another object of an iommufd
 * @iommufd: the iommufd it was made in
 * @id: the kernel's number for it; kept after it was destroyed, so that the kernel is asked and not the table
 * @device: of a mock, the kernel's number for it as a device; 0 of anything else
 * @attached: of a mock, the number of the HWPT it was last attached to
 * @queue: of a queue, its file; -1 without one
 * @watch: an epoll that was told to watch the file when it was opened
 */
struct page_table {
	char name[NAME_SIZE];
	struct iommufd *iommufd;
	uint32_t id;
	uint32_t device;
	uint32_t attached;
	int queue;
	int watch;
};

/**
 * struct container - an open /dev/vfio/vfio
 * @fd: its descriptor, -1 once closed
 */
struct container {
	char name[NAME_SIZE];
	int fd;
};

/**
 * struct buffer - memory for a device to read and write
 * @memory: page-aligned, with a page that cannot be touched on either side
 * @pages: how many
 * @shadow: what the pages held when they were last looked at; NULL for a buffer that is not watched
 */
struct buffer {
	char name[NAME_SIZE];
	unsigned char *memory;
	uint32_t pages;
	unsigned char *shadow;
};

/* Counters of a domain. */
#define COUNTERS	5

/**
 * struct function_view - what a function looks like
 * @driver: its driver's name, empty without one
 * @handle: its handle, empty where it is gone
 * @counted: whether it has counters
 */
struct function_view {
	char driver[64];
	char handle[32];
	bool counted;
	uint64_t counters[COUNTERS];
};

/**
 * struct function_files - what is read of a function after every operation, kept open; -1 where it is not
 * @folder: its folder
 * @handle: its attribute function_handle
 * @statistics: its counters
 *
 * They do not hold the function: of one that went away they give errors.
 */
struct function_files {
	int folder;
	int handle;
	int statistics;
};

/**
 * struct function - a zPCI function
 * @address: its PCI address, 0005:00:00.0
 * @fid: its function id
 * @device: the open VFIO device, -1 without one
 * @group: the open VFIO group, -1 without one
 * @iommufd: the iommufd it was last bound to, NULL if never; @id is the kernel's number for it there
 * @queues: the pages of its queues
 * @driven: by which kind of them it is driven
 * @nvme: the NVMe driver's state
 * @virtio: the same of virtio
 * @card: the same of a network card
 * @interrupts: eventfds of the first @interrupt_count MSI-X vectors
 * @errors: eventfd for errors that the host reports, -1 without one
 * @leaving: the hypervisor will ask for it, or has, while its device is open
 * @removal: it is being taken from the PCI core, which waits for its device to be closed; NULL if not
 * @queued: when a block was read or written first since a flush was last waited for, in microseconds; 0 if never
 * @files: what is read of it
 * @told: what the harness was told of it last; @is_told: whether it was
 */
struct function {
	char name[NAME_SIZE];
	char address[16];
	uint32_t fid;
	int device;
	int group;
	struct iommufd *iommufd;
	uint32_t id;
	struct buffer *queues;
	enum queues_kind driven;
	struct nvme nvme;
	struct virtio virtio;
	struct card card;
	int32_t interrupts[INTERRUPTS];
	uint32_t interrupt_count;
	int errors;
	bool leaving;
	struct removal *removal;
	uint64_t queued;
	struct function_files files;
	struct function_view told;
	bool is_told;
};

#define FUNCTIONS	16
#define BUFFERS		64
#define IOMMUFDS	64
#define PAGE_TABLES	512
#define CONTAINERS	16

/* Pages of all buffers together: what the memory of one answer is bounded by. */
#define BUFFER_PAGES	2048

/**
 * struct table - everything that has a name
 *
 * A slot is taken where its name is not empty; slots are never given back.
 */
struct table {
	struct function functions[FUNCTIONS];
	struct buffer buffers[BUFFERS];
	struct iommufd iommufds[IOMMUFDS];
	struct page_table page_tables[PAGE_TABLES];
	struct container containers[CONTAINERS];
	uint32_t watched_pages;
};

struct function *find_function(struct table *table, const char *name);
struct buffer *find_buffer(struct table *table, const char *name);
struct iommufd *find_iommufd(struct table *table, const char *name);
struct page_table *find_page_table(struct table *table, const char *name);
struct container *find_container(struct table *table, const char *name);

void spare_pages(void);
struct function *add_function(struct table *table, const char *name);
struct buffer *add_buffer(struct table *table, const char *name, uint32_t pages, bool watched);
struct iommufd *add_iommufd(struct table *table, const char *name, int fd);
struct page_table *add_page_table(struct table *table, const char *name);
struct container *add_container(struct table *table, const char *name);

/* The objects that a field of a request names; NULL, and the request refused, where there is none. */
struct function *take_function(struct table *table, struct request *request);
struct function *take_open_function(struct table *table, struct request *request);
struct function *take_function_with_group(struct table *table, struct request *request);
struct buffer *take_buffer(struct table *table, struct request *request);
struct page_table *take_page_table(struct table *table, struct request *request, const char *field);
struct container *take_container(struct table *table, struct request *request);

void close_queue(struct page_table *object);
void table_close_all(struct table *table);

/* interrupts.c: close all eventfds, which their function no longer signals */
void interrupts_forget(struct function *function);

#endif
