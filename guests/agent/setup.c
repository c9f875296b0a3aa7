// SPDX-License-Identifier: MIT
/*
 * What is said before the operations: names of functions and buffers, entropy, the clock. And what touches no device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "operations.h"
#include "sysfs.h"

#define WAIT_DEFAULT	5000
#define SEED_LIMIT	512
#define IDENTITY_BYTES	16

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Such as 0005:00:00.0. By hand: its first sscanf() would cost a clone a millisecond. */
static bool is_address(const char *text)
{
	static const char lowest[] = "0000:00:00.0", highest[] = "ffff:ff:1f.7";

	if (strlen(text) != strlen(lowest))
		return false;
	for (size_t i = 0; lowest[i]; i++) {
		bool digit = hex_digit(lowest[i]) >= 0;

		if (digit ? hex_digit(text[i]) < 0 || text[i] > highest[i] : text[i] != lowest[i])
			return false;
	}
	return true;
}

/* Wait until the kernel has the function; it may have been plugged just now, and then a channel report tells of it. */
static int await_function(const struct observer *observer, const struct function *function, uint32_t limit_millis)
{
	const uint64_t end = clock_micros() + (uint64_t)limit_millis * 1000;
	char path[PATH_SIZE];

	function_path(path, function, "");
	while (!path_exists(path)) {
		if (clock_micros() >= end)
			return ETIMEDOUT;
		observe_reports_handled(observer);
		if (!path_exists(path))
			sleep_micros(1000);
	}
	return 0;
}

int define_function(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "function");
	const char *address = take_string(request, "address");
	uint32_t fid = take_number(request, "fid", UINT32_MAX);
	uint32_t wait = request_has(request, "wait") ? take_number(request, "wait", 600000) : WAIT_DEFAULT;
	struct function *function;
	char queues[NAME_SIZE];

	if (!is_address(address))
		request_refuse(request, "Field \"address\" is no PCI address such as 0005:00:00.0");
	if (find_function(&agent->table, name))
		request_refuse(request, "Function \"%s\" is defined already", name);
	if (request_refused(request))
		return REFUSED;

	snprintf(queues, sizeof(queues), "%s.queues", name);
	function = add_function(&agent->table, name);
	if (!function)
		return request_refuse(request, "Cannot define function \"%s\": there are %d already", name, FUNCTIONS);
	function->queues = find_buffer(&agent->table, queues);
	if (!function->queues)
		function->queues = add_buffer(&agent->table, queues, QUEUE_PAGES, false);
	if (!function->queues || function->queues->pages < QUEUE_PAGES) {
		*function->name = '\0';
		return request_refuse(request, "Cannot define function \"%s\": no buffer \"%s\"", name, queues);
	}
	snprintf(function->address, sizeof(function->address), "%s", address);
	function->fid = fid;
	return await_function(&agent->observer, function, wait);
}

int define_buffer(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "buffer");
	uint32_t pages = take_number(request, "pages", BUFFER_PAGES);

	if (!pages)
		request_refuse(request, "Buffer \"%s\" has no page", name);
	if (find_buffer(&agent->table, name))
		request_refuse(request, "Buffer \"%s\" is defined already", name);
	if (request_refused(request))
		return REFUSED;
	if (agent->table.watched_pages + pages > BUFFER_PAGES)
		return request_refuse(request, "Cannot define buffer \"%s\": more than %d pages", name, BUFFER_PAGES);
	if (!add_buffer(&agent->table, name, pages, true))
		return request_refuse(request, "Cannot define buffer \"%s\": no room", name);
	return 0;
}

/* Bytes of a text of hexadecimal digits; -1 where it is none or too long. */
static int parse_bytes(const char *text, unsigned char *bytes, size_t size)
{
	const size_t digits = strlen(text);

	if (digits % 2 || digits / 2 > size)
		return -1;
	for (size_t i = 0; i < digits / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i] = high << 4 | low;
	}
	return digits / 2;
}

/*
 * Mix bytes into the kernel's pool, and have its generator make a new key of the pool at once: by itself it would go on
 * for up to a minute with the key that it was frozen with, and give siblings the same numbers.
 */
static int mix_entropy(const unsigned char *bytes, int count)
{
	struct {
		struct rand_pool_info info;
		unsigned char bytes[SEED_LIMIT];
	} pool = { .info = { .entropy_count = count * 8, .buf_size = count } };
	int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return errno;
	memcpy(pool.bytes, bytes, count);
	if (ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0)
		error = errno;
	close(fd);
	return error;
}

/* What tells this machine from others that began as it did: numbers drawn as any program draws them, and the time. */
static void report_identity(struct request *request)
{
	unsigned char bytes[IDENTITY_BYTES];
	char text[2 * IDENTITY_BYTES + 1];
	struct timespec now;

	if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != sizeof(bytes) || clock_gettime(CLOCK_REALTIME, &now))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	value_string(request, "random", text);
	value_number(request, "time", now.tv_sec);
}

int seed(struct agent *agent, struct request *request)
{
	const char *text = take_string(request, "bytes");
	const char *time = take_string(request, "time");
	unsigned char bytes[SEED_LIMIT];
	int count = parse_bytes(text, bytes, sizeof(bytes));
	struct timespec now = { 0 };
	char *end;
	int error;

	(void)agent;
	errno = 0;
	now.tv_sec = strtoll(time, &end, 10);
	if (count < 1)
		request_refuse(request, "Field \"bytes\" is not 1 to %d bytes in hexadecimal", SEED_LIMIT);
	if (errno || end == time || *end || now.tv_sec < 0)
		request_refuse(request, "Field \"time\" is no number of seconds");
	if (request_refused(request))
		return REFUSED;

	error = mix_entropy(bytes, count);
	if (error)
		return step_failed(request, "entropy", error);
	if (clock_settime(CLOCK_REALTIME, &now))
		return step_failed(request, "clock", errno);
	report_identity(request);
	return 0;
}

int quit(struct agent *agent, struct request *request)
{
	if (request_refused(request))
		return REFUSED;
	table_close_all(&agent->table);
	request->quit = true;
	return 0;
}

int fill(struct agent *agent, struct request *request)
{
	struct buffer *buffer = take_buffer(&agent->table, request);
	uint32_t page = take_count_or(request, "page", 0);
	const char *with = take_string(request, "with");

	if (buffer && page >= buffer->pages)
		request_refuse(request, "Buffer \"%s\" has no page %u", buffer->name, page);
	if (request_refused(request))
		return REFUSED;
	pattern_fill(buffer->memory + (size_t)page * PAGE_SIZE, with);
	return 0;
}

int look(struct agent *agent, struct request *request)
{
	(void)agent;
	return request_refused(request) ? REFUSED : 0;
}
