// SPDX-License-Identifier: MIT
/*
 * Runs a program of the initramfs, such as one of the kernel's own tests, and hands back what it said.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "operations.h"

#define ARGUMENTS_LIMIT	16
/* Bytes of output that are handed back: escaped, six times as many must fit a frame. */
#define OUTPUT_LIMIT	(128 * 1024)
#define LIMIT_LIMIT	(3600 * 1000)

/**
 * struct run - a program that runs
 * @arguments: its name first, NULL last
 * @output: what it said on both streams, as far as there is room
 * @dropped: bytes for which there was none
 * @late: it was killed at its limit
 */
struct run {
	char *arguments[ARGUMENTS_LIMIT + 2];
	pid_t pid;
	int pipe;
	char *output;
	size_t length;
	uint64_t dropped;
	bool late;
	int status;
};

static void take_arguments(struct request *request, struct run *run)
{
	json_t *list = take_array_or_none(request, "arguments"), *word;
	size_t i;

	run->arguments[0] = (char *)take_string(request, "program");
	if (json_array_size(list) > ARGUMENTS_LIMIT) {
		request_refuse(request, "Field \"arguments\" has more than %d entries", ARGUMENTS_LIMIT);
		return;
	}
	json_array_foreach(list, i, word) {
		if (!json_is_string(word))
			request_refuse(request, "No text at place %zu of field \"arguments\"", i);
		run->arguments[i + 1] = (char *)json_string_value(word);
	}
}

/* In a session of its own: everything that it starts and does not hide is killed with it. */
_Noreturn static void become(const struct run *run, int output, int report)
{
	int null = open("/dev/null", O_RDONLY), error;

	setsid();
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	/* Of the agent's descriptors it has none: what the agent holds must end with the agent. */
	fcntl(report, F_SETFD, FD_CLOEXEC);
	if (report != 3)
		dup3(report, 3, O_CLOEXEC);
	close_range(4, ~0U, 0);
	execv(run->arguments[0], run->arguments);
	error = errno;
	if (write(3, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

/* Return: 0, or the errno where the program cannot be started. */
static int start(struct run *run)
{
	int output[2], report[2], error = 0;

	if (pipe2(output, O_CLOEXEC))
		return errno;
	if (pipe2(report, O_CLOEXEC)) {
		error = errno;
		close(output[0]);
		close(output[1]);
		return error;
	}
	run->pid = fork();
	if (!run->pid)
		become(run, output[1], report[1]);
	if (run->pid < 0)
		error = errno;
	close(output[1]);
	close(report[1]);
	/* Nothing to be read: the descriptor was closed by a program that has begun. */
	if (!error && read(report[0], &error, sizeof(error)) == sizeof(error))
		waitpid(run->pid, NULL, 0);
	close(report[0]);
	run->pipe = output[0];
	if (error)
		close(output[0]);
	return error;
}

/* Return: false at the end of what it says. */
static bool hear(struct run *run)
{
	char bytes[4096];
	ssize_t got = read(run->pipe, bytes, sizeof(bytes));
	size_t kept;

	if (got <= 0)
		return got < 0 && errno == EINTR;
	kept = got;
	if (kept > OUTPUT_LIMIT - run->length)
		kept = OUTPUT_LIMIT - run->length;
	memcpy(run->output + run->length, bytes, kept);
	run->length += kept;
	run->dropped += got - kept;
	return true;
}

/*
 * Listen until it has ended, or its time has: descendants that hold the pipe open do not count. A program that ended and
 * left some is looked for each 10 ms.
 */
static void attend(struct run *run, uint64_t limit)
{
	const uint64_t end = clock_micros() + limit * 1000;
	bool open = true, ended = false;

	while (!ended) {
		struct pollfd pipe = { .fd = open ? run->pipe : -1, .events = POLLIN };
		pid_t pid;

		if (poll(&pipe, 1, 10) > 0)
			open = hear(run);
		pid = waitpid(run->pid, &run->status, WNOHANG);
		ended = pid == run->pid || (pid < 0 && errno != EINTR);
		if (!ended && !run->late && clock_micros() > end) {
			run->late = true;
			kill(-run->pid, SIGKILL);
		}
	}
	kill(-run->pid, SIGKILL);
	fcntl(run->pipe, F_SETFL, O_NONBLOCK);
	while (open && hear(run))
		;
	close(run->pipe);
}

/* What a program says is bytes; JSON has text. */
static json_t *spell(const struct run *run)
{
	for (size_t i = 0; i < run->length; i++)
		if ((unsigned char)run->output[i] > 126 || !run->output[i])
			run->output[i] = '?';
	return json_stringn(run->output, run->length);
}

/**
 * run_program - run a program to its end, or to its limit
 *
 * One that the kernel does not let go of is waited for: then there is no answer.
 */
int run_program(struct agent *agent, struct request *request)
{
	struct run run = { 0 };
	uint32_t limit;
	int error;

	(void)agent;
	take_arguments(request, &run);
	limit = take_number(request, "limit", LIMIT_LIMIT);
	if (request_refused(request))
		return REFUSED;
	run.output = malloc(OUTPUT_LIMIT);
	if (!run.output)
		return step_failed(request, "memory", ENOMEM);
	error = start(&run);
	if (!error) {
		attend(&run, limit);
		value_number(request, WIFSIGNALED(run.status) ? "signal" : "exit",
			     WIFSIGNALED(run.status) ? WTERMSIG(run.status) : WEXITSTATUS(run.status));
		json_object_set_new(request->values, "late", json_boolean(run.late));
		json_object_set_new(request->values, "output", spell(&run));
		value_number(request, "dropped", run.dropped);
	}
	free(run.output);
	return error;
}
