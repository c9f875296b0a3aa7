// SPDX-License-Identifier: MIT
/*
 * How often which line of the kernel ran, as a kernel built for it counts (CONFIG_GCOV_KERNEL).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operations.h"
#include "sysfs.h"

#define COUNTS_FOLDER	"/sys/kernel/debug/gcov"
#define COUNTS_PATH	1024

/* What is handed out of one file at most: in hexadecimal it must fit a frame. */
#define COUNTS_LIMIT	(384 * 1024)

/* Every count starts again at nothing. */
int gcov_reset(struct agent *agent, struct request *request)
{
	(void)agent;
	return request_refused(request) ? REFUSED : write_attribute(COUNTS_FOLDER "/reset", "0");
}

static char *spell_hex(const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * length + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * length] = '\0';
	return text;
}

/**
 * gcov_read - the counts of a file as gcov reads them, a .gcda
 *
 * The kernel keeps them below the path of the folder that it was built in.
 */
int gcov_read(struct agent *agent, struct request *request)
{
	const char *file = take_string(request, "file");
	char path[COUNTS_PATH], *text;
	unsigned char *counts;
	size_t length;
	int error;

	(void)agent;
	if (*file != '/' || strstr(file, "/../") || strlen(file) > sizeof(path) - sizeof(COUNTS_FOLDER))
		request_refuse(request, "Field \"file\" is no whole path");
	if (request_refused(request))
		return REFUSED;
	snprintf(path, sizeof(path), COUNTS_FOLDER "%s", file);
	counts = malloc(COUNTS_LIMIT);
	if (!counts)
		return ENOMEM;
	error = read_file(path, counts, COUNTS_LIMIT, &length);
	/* Half of the counts would be taken for all. */
	if (!error && length == COUNTS_LIMIT)
		error = EFBIG;
	text = error ? NULL : spell_hex(counts, length);
	free(counts);
	if (text)
		value_string(request, "counts", text);
	else if (!error)
		error = ENOMEM;
	free(text);
	return error;
}
