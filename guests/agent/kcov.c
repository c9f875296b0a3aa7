// SPDX-License-Identifier: MIT
/*
 * Which places of the kernel an operation reaches that none did before, as a kernel built for it traces them (CONFIG_KCOV).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kcov.h"
#include "operations.h"

#define TRACE_PATH	"/sys/kernel/debug/kcov"

/* Places of one operation, the first word being how many. What comes after them is not traced. */
#define TRACE_WORDS	65536
#define TRACE_BYTES	(TRACE_WORDS * sizeof(uint64_t))

/* Places that can be known, in a set that is half empty then; more are not told. */
#define SET_SIZE	65536
#define PLACES_LIMIT	(SET_SIZE / 2)

/* Places in an answer; the rest is told with the next. */
#define TOLD_LIMIT	4096

static int begin_trace(int file, struct places *places)
{
	void *trace;

	if (ioctl(file, KCOV_INIT_TRACE, (unsigned long)TRACE_WORDS))
		return errno;
	trace = mmap(NULL, TRACE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (trace == MAP_FAILED)
		return errno;
	places->set = calloc(SET_SIZE, sizeof(*places->set));
	places->known = calloc(PLACES_LIMIT, sizeof(*places->known));
	/* It stays enabled: to enable it around each call would be two more. */
	if (places->set && places->known && !ioctl(file, KCOV_ENABLE, KCOV_TRACE_PC)) {
		places->trace = trace;
		return 0;
	}
	return errno;
}

/**
 * trace_places - from now on, each answer tells which places its operation reached that none before it did
 *
 * Of the thread that performs operations, and not of those that it starts.
 */
int trace_places(struct agent *agent, struct request *request)
{
	int file, error;

	if (request_refused(request))
		return REFUSED;
	if (agent->places.trace)
		return 0;
	file = open(TRACE_PATH, O_RDWR | O_CLOEXEC);
	if (file < 0)
		return errno;
	error = begin_trace(file, &agent->places);
	if (error)
		close(file);
	return error;
}

/**
 * places_begin - from here on it is traced
 */
void places_begin(const struct places *places)
{
	if (places->trace)
		__atomic_store_n(&places->trace[0], 0, __ATOMIC_RELAXED);
}

static void learn(struct places *places, uint64_t place)
{
	/* Multiplied by 2^64 over the golden ratio, the upper bits are spread. */
	size_t slot = place * 0x9e3779b97f4a7c15ULL >> 48;

	while (places->set[slot] && places->set[slot] != place)
		slot = (slot + 1) % SET_SIZE;
	if (places->set[slot] || places->count == PLACES_LIMIT)
		return;
	places->set[slot] = place;
	places->known[places->count++] = place;
}

/**
 * places_take - until here
 */
void places_take(struct places *places)
{
	uint64_t traced;

	if (!places->trace)
		return;
	traced = __atomic_load_n(&places->trace[0], __ATOMIC_RELAXED);
	for (uint64_t i = 1; i <= traced && i < TRACE_WORDS; i++)
		learn(places, places->trace[i]);
}

/**
 * places_report - put those that were not told into an answer; nothing where nothing is traced, or new
 */
void places_report(struct places *places, json_t *answer)
{
	json_t *list;

	if (places->told == places->count)
		return;
	list = json_array();
	for (uint32_t i = 0; i < TOLD_LIMIT && places->told < places->count; i++)
		json_array_append_new(list, json_integer(places->known[places->told++]));
	json_object_set_new(answer, "places", list);
}
