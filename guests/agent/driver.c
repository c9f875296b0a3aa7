// SPDX-License-Identifier: MIT
/*
 * A function in the hands of the kernel's own NVMe driver: its DMA is the kernel's, mapped and unmapped by the DMA API.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "operations.h"
#include "region.h"
#include "sysfs.h"

#define NVME_DRIVER	"nvme"
#define NODE_SIZE	32

/* Milliseconds that a flush is waited for; the kernel sends one a second after the first page was queued. */
#define FLUSH_LIMIT	8000

/*
 * The driver's probe scans the controller before it returns (drivers/nvme/host/pci.c, nvme_probe: flush_work), so that the block
 * device is there and nothing goes on behind it.
 */
int drive(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return bind_to_driver(function, request, NVME_DRIVER);
}

/* The first name in a folder that begins with a text and has room; false where there is none. */
static bool find_name(const char *folder, const char *start, char name[NODE_SIZE])
{
	DIR *listing = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (listing && !found && (entry = readdir(listing)))
		if (!strncmp(entry->d_name, start, strlen(start)) && strlen(entry->d_name) < NODE_SIZE) {
			strcpy(name, entry->d_name);
			found = true;
		}
	if (listing)
		closedir(listing);
	return found;
}

/* Open the block device of the function's first namespace, around the page cache; -1 and errno where there is none. */
static int open_block_device(const struct function *function)
{
	char folder[PATH_SIZE], path[PATH_SIZE + NODE_SIZE], controller[NODE_SIZE], namespace[NODE_SIZE];
	char start[NODE_SIZE + 1], node[NODE_SIZE + 8];

	function_path(folder, function, "nvme");
	if (!find_name(folder, "nvme", controller))
		goto none;
	snprintf(path, sizeof(path), "%s/%s", folder, controller);
	snprintf(start, sizeof(start), "%sn", controller);
	if (!find_name(path, start, namespace))
		goto none;
	snprintf(node, sizeof(node), "/dev/%s", namespace);
	return open(node, O_RDWR | O_DIRECT | O_CLOEXEC);
none:
	errno = ENODEV;
	return -1;
}

typedef ssize_t transfer_fn(int fd, void *memory, size_t length, off_t offset);

static ssize_t write_block(int fd, void *memory, size_t length, off_t offset)
{
	return pwrite(fd, memory, length, offset);
}

static int transfer_blocks(struct agent *agent, struct request *request, transfer_fn *transfer)
{
	struct function *function = take_function(&agent->table, request);
	struct buffer *buffer = take_buffer(&agent->table, request);
	uint32_t block = take_number(request, "block", COUNT_LIMIT);
	uint32_t page = take_count_or(request, "page", 0);
	uint32_t pages = take_count_or(request, "pages", 1);
	uint32_t at_once = take_bool_or(request, "apart", false) ? 1 : pages;
	int fd, error = 0;

	if (buffer && (page > buffer->pages || pages > buffer->pages - page))
		request_refuse(request, "Buffer \"%s\" has no %u pages from page %u on", buffer->name, pages, page);
	if (request_refused(request))
		return REFUSED;
	fd = open_block_device(function);
	if (fd < 0)
		return step_failed(request, "block device", errno);
	if (!function->queued)
		function->queued = clock_micros();
	for (uint32_t done = 0; done < pages && !error; done += at_once) {
		size_t length = (size_t)at_once * PAGE_SIZE;
		unsigned char *memory = buffer->memory + (size_t)(page + done) * PAGE_SIZE;

		error = access_result(transfer(fd, memory, length, (off_t)(block + done) * PAGE_SIZE), length);
	}
	close(fd);
	return error;
}

int block_read(struct agent *agent, struct request *request)
{
	return transfer_blocks(agent, request, pread);
}

int block_write(struct agent *agent, struct request *request)
{
	return transfer_blocks(agent, request, write_block);
}

/* Have the counters of the function's domain count from zero: measurement off and on again. */
int counters_reset(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE];
	int error;

	if (request_refused(request))
		return REFUSED;
	statistics_path(path, function);
	error = write_attribute(path, "0");
	if (error)
		return step_failed(request, "measurement off", error);
	return write_attribute(path, "1");
}

/*
 * Wait until the whole table was flushed so many times since the counters were reset. There is no event to wait for but the
 * counter itself.
 */
int await_flush(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	uint32_t flushes = take_count_or(request, "flushes", 1);
	const uint64_t end = clock_micros() + FLUSH_LIMIT * 1000ULL;
	uint64_t counters[COUNTERS], now;

	if (request_refused(request))
		return REFUSED;
	for (;;) {
		if (!read_counters(function, counters))
			return step_failed(request, "counters", ENOENT);
		now = clock_micros();
		if (counters[COUNTER_GLOBAL] >= flushes)
			break;
		if (now >= end)
			return ETIMEDOUT;
		sleep_micros(1000);
	}
	if (function->queued)
		value_number(request, "millis", (now - function->queued) / 1000);
	function->queued = 0;
	return 0;
}
