// SPDX-License-Identifier: MIT
/*
 * What the functions and the memory look like at this moment.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe.h"
#include "pattern.h"
#include "sysfs.h"
#include "table.h"

#define HEAD_SIZE	64

/* The counters of the domain that is attached, in the order of the answer (arch/s390/pci/pci_debug.c, pci_sw_names). */
static const char *const counter_names[] = {
	"Mapped pages:", "Unmapped pages:", "Global RPCITs:", "Sync Map RPCITs:", "Sync RPCITs:",
};

/* The number after a line's name. "Sync Map RPCITs" does not end with "Sync RPCITs"; "Unmapped" holds no "Mapped". */
static bool read_counter(const char *statistics, const char *name, uint64_t *value)
{
	const char *found = strstr(statistics, name);
	char *end;

	if (!found)
		return false;
	found += strlen(name);
	*value = strtoull(found, &end, 10);
	return end != found;
}

/* A file from its beginning, in one read; -1 where it is not open any more, or not at all. */
static ssize_t read_again(int file, char *text, size_t size)
{
	ssize_t length = file < 0 ? -1 : pread(file, text, size - 1, 0);

	if (length > 0 && text[length - 1] == '\n')
		length--;
	text[length > 0 ? length : 0] = '\0';
	return length;
}

static void reopen(int *file, int folder, const char *path, int flags)
{
	if (*file >= 0)
		close(*file);
	*file = openat(folder, path, flags | O_CLOEXEC);
}

/**
 * read_counters - the counters of the domain that a function is attached to
 *
 * Return: whether there are any.
 */
bool read_counters(struct function *function, uint64_t *values)
{
	int *file = &function->files.statistics;
	char path[PATH_SIZE], statistics[2048];

	_Static_assert(sizeof(counter_names) / sizeof(*counter_names) == COUNTERS, "a name for each counter");
	if (read_again(*file, statistics, sizeof(statistics)) < 0) {
		statistics_path(path, function);
		reopen(file, AT_FDCWD, path, O_RDONLY);
		read_again(*file, statistics, sizeof(statistics));
	}
	for (size_t i = 0; i < COUNTERS; i++)
		if (!read_counter(statistics, counter_names[i], &values[i]))
			return false;
	return true;
}

/* A function that is there again has another folder: the handle tells, which each has. */
static void read_handle(struct function *function, char *handle, size_t size)
{
	struct function_files *files = &function->files;
	char path[PATH_SIZE];

	if (read_again(files->handle, handle, size) >= 0)
		return;
	function_path(path, function, "");
	reopen(&files->folder, AT_FDCWD, path, O_PATH);
	reopen(&files->handle, files->folder, "function_handle", O_RDONLY);
	read_again(files->handle, handle, size);
}

static struct function_view look_at(struct function *function, enum manner manner)
{
	struct function_view view = function->told;

	if (manner != IN_PASSING) {
		read_handle(function, view.handle, sizeof(view.handle));
		read_link_name_at(function->files.folder, "driver", view.driver, sizeof(view.driver));
	}
	view.counted = read_counters(function, view.counters);
	return view;
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

static json_t *counters_of(const struct function_view *view)
{
	json_t *counters = view->counted ? json_array() : json_null();

	for (size_t i = 0; view->counted && i < COUNTERS; i++)
		json_array_append_new(counters, json_integer(view->counters[i]));
	return counters;
}

static bool same_counters(const struct function_view *one, const struct function_view *other)
{
	return one->counted == other->counted &&
	       (!one->counted || !memcmp(one->counters, other->counters, sizeof(one->counters)));
}

/* What is to be said of a function; it has been, from then on. */
static json_t *view_function(struct function *function, enum manner manner)
{
	const struct function_view now = look_at(function, manner), *told = &function->told;
	bool all = manner == FULLY;
	json_t *view = json_object();

	if (all || strcmp(now.driver, told->driver))
		json_object_set_new(view, "driver", text_or_null(now.driver));
	if (all || strcmp(now.handle, told->handle))
		json_object_set_new(view, "handle", text_or_null(now.handle));
	if (all || !same_counters(&now, told))
		json_object_set_new(view, "counters", counters_of(&now));
	function->told = now;
	function->is_told = true;
	return view;
}

/**
 * view_functions - every function that was defined; where not all is said, those of which there is something to say
 */
json_t *view_functions(struct table *table, enum manner manner)
{
	json_t *views = json_object();

	for (size_t i = 0; i < FUNCTIONS && *table->functions[i].name; i++) {
		struct function *function = &table->functions[i];
		json_t *view = view_function(function, function->is_told ? manner : FULLY);

		if (manner == FULLY || json_object_size(view))
			json_object_set_new(views, function->name, view);
		else
			json_decref(view);
	}
	return views;
}

/* By words: memcmp() is made of an instruction that QEMU emulates byte by byte. */
static bool is_same_page(const unsigned char *one, const unsigned char *other)
{
	const uint64_t *a = (const uint64_t *)one, *b = (const uint64_t *)other;
	uint64_t differences = 0;

#pragma GCC unroll 16
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*a); i++)
		differences |= a[i] ^ b[i];
	return !differences;
}

/**
 * view_page - what a page holds, as far as it can be told apart
 */
json_t *view_page(const unsigned char *page)
{
	static const char digits[] = "0123456789abcdef";
	char head[2 * HEAD_SIZE + 1];

	/* Not by snprintf(): for a page that is a tenth of all that the processor does in an operation. */
	for (size_t i = 0; i < HEAD_SIZE; i++) {
		head[2 * i] = digits[page[i] >> 4];
		head[2 * i + 1] = digits[page[i] & 0xf];
	}
	head[2 * HEAD_SIZE] = '\0';
	return json_pack("{s:o, s:s}", "digest", json_sprintf("%016" PRIx64, fnv1a64(page, PAGE_SIZE)), "head", head);
}

/**
 * view_memory - the pages of buffers that changed since the last time
 */
json_t *view_memory(struct table *table)
{
	json_t *views = json_object();
	char key[64];

	for (size_t i = 0; i < BUFFERS && *table->buffers[i].name; i++) {
		const struct buffer *buffer = &table->buffers[i];

		for (uint32_t page = 0; buffer->shadow && page < buffer->pages; page++) {
			const unsigned char *now = buffer->memory + (size_t)page * PAGE_SIZE;
			unsigned char *before = buffer->shadow + (size_t)page * PAGE_SIZE;

			if (is_same_page(now, before))
				continue;
			/* Digest the copy: a device may still be writing. */
			memcpy(before, now, PAGE_SIZE);
			snprintf(key, sizeof(key), "%s[%u]", buffer->name, page);
			json_object_set_new(views, key, view_page(before));
		}
	}
	return views;
}
