// SPDX-License-Identifier: MIT
/*
 * Operations that are written down beforehand: what a reproducer does where there is no harness to ask for them.
 *
 * Where a debugger has a part in it, it is told by lines that begin with @: it waits for replay_stop() to be called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "dispatch.h"
#include "init.h"
#include "observe.h"
#include "replay.h"
#include "request.h"

static void print_texts(const char *title, const json_t *texts)
{
	const json_t *each;
	size_t i;

	json_array_foreach(texts, i, each) {
		const json_t *text = json_is_object(each) ? json_object_get(each, "text") : each;

		printf("    %s: %s\n", title, json_string_value(text));
	}
}

static void print_part(const json_t *answer, const char *key)
{
	json_t *part = json_object_get(answer, key);

	if (json_object_size(part) == 0)
		return;
	printf("    %s: ", key);
	json_dumpf(part, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
}

static void print_answer(const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (error) {
		printf("  refused by the agent: %s\n", error);
		return;
	}
	printf("  result: %s\n", json_string_value(json_object_get(answer, "result")));
	print_part(answer, "values");
	print_part(answer, "functions");
	print_part(answer, "memory");
	print_texts("zPCI", json_object_get(answer, "messages"));
	print_texts("kernel", json_object_get(answer, "log"));
}

/* What came of it; NULL where the request was not understood. */
static json_t *perform(struct agent *agent, const char *line, size_t length)
{
	struct request request;
	json_t *answer = NULL;

	if (request_open(&request, line, length)) {
		printf("  not understood: %s\n", request.error);
	} else {
		answer = dispatch(agent, &request);
		print_answer(answer);
	}
	request_close(&request);
	return answer;
}

/*
 * Where a debugger stops this program: at an address of its own (see the Makefile), so that nobody needs its symbols. It finds two
 * texts: what it is told, and the answer to the last request, both in JSON.
 */
__attribute__((noinline, section(".replay_stop"))) static void replay_stop(const char *told, const char *answer)
{
	__asm__ volatile("" : : "r"(told), "r"(answer) : "memory");
}

static void stop(const char *told, const json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	replay_stop(told, text ? text : "{}");
	free(text);
}

/**
 * replay - perform every operation of a file, tell on standard output what came of it, and turn the machine off
 * @path: a request in JSON on each line; lines that begin with # are printed as they are, those with @ are for a debugger
 */
_Noreturn void replay(const char *path)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	FILE *file = fopen(path, "re");
	json_t *answer = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	setvbuf(stdout, NULL, _IOLBF, 0);
	json_object_seed(1);
	if (agent && file) {
		observe_start(&agent->observer, true);
		while ((length = getline(&line, &room, file)) > 0) {
			if (line[0] == '#') {
				fputs(line, stdout);
			} else if (line[0] == '@') {
				stop(line + 1, answer);
			} else {
				json_decref(answer);
				answer = perform(agent, line, length);
			}
		}
	} else {
		fprintf(stderr, "zhil-agent: Cannot read \"%s\"\n", path);
	}
	fflush(stdout);
	reboot(RB_POWER_OFF);
	_exit(1);
}
