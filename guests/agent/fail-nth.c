// SPDX-License-Identifier: MIT
/*
 * An operation in which the kernel gets no memory once: the nth time that this process asks for some.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail-nth.h"
#include "sysfs.h"

#define NTH_LIMIT	100000

/* What can fail; the last is iommufd's own, and is there where that can be tested. */
static const struct {
	const char *name, *file, *text;
} settings[] = {
	/* By default only those that must not sleep fail, and no single page: nearly nothing. */
	{ "failslab", "ignore-gfp-wait", "N" },
	{ "fail_page_alloc", "ignore-gfp-wait", "N" },
	{ "fail_page_alloc", "ignore-gfp-highmem", "N" },
	{ "fail_page_alloc", "min-order", "0" },
};

static const char *const faults[] = { "failslab", "fail_page_alloc", "fail_iommufd" };

static int set(const char *fault, const char *file, const char *text)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", fault, file);
	return write_attribute(path, text);
}

static void prepare(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		set(settings[i].name, settings[i].file, settings[i].text);
}

/* A line and the stack: whoever asked for the memory. To say that takes longer than most operations. */
static void have_kernel_tell(struct fail_nth *fail, bool tells)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		set(faults[i], "verbose", tells ? "2" : "0");
	fail->tells = tells;
}

/**
 * fail_nth_take - take the field `failNth` of a request, where it is there
 * @tells: whether the kernel is to say who asked for the memory
 */
void fail_nth_take(struct fail_nth *fail, struct request *request, bool tells)
{
	fail->nth = 0;
	if (!request_has(request, "failNth"))
		return;
	fail->nth = take_number(request, "failNth", NTH_LIMIT);
	if (!fail->nth)
		request_refuse(request, "Field \"failNth\" counts from 1");
	if (*request->error)
		return;
	if (fail->file > 0) {
		if (fail->tells != tells)
			have_kernel_tell(fail, tells);
		return;
	}
	fail->file = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail->file < 0) {
		request_refuse(request, "This kernel fails nothing on demand (CONFIG_FAULT_INJECTION)");
		return;
	}
	prepare();
	have_kernel_tell(fail, tells);
}

/**
 * fail_nth_arm - from here on it is counted
 */
void fail_nth_arm(const struct fail_nth *fail)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", fail->nth);

	if (fail->nth && pwrite(fail->file, text, length, 0) != length)
		perror("zhil-agent: Cannot write fail-nth");
}

/**
 * fail_nth_disarm - until here; whether it came to that is a value of the answer, `injected`
 */
void fail_nth_disarm(const struct fail_nth *fail, struct request *request)
{
	char text[16] = "";

	if (!fail->nth)
		return;
	/* What is left to count. */
	if (pread(fail->file, text, sizeof(text) - 1, 0) < 0 || pwrite(fail->file, "0", 1, 0) != 1)
		perror("zhil-agent: Cannot read fail-nth");
	json_object_set_new(request->values, "injected", json_boolean(!atoi(text)));
}
