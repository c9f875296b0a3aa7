// SPDX-License-Identifier: MIT
/*
 * The first process watches the worker and answers for it: whether the kernel is alive, where the worker hangs, how it died.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "request.h"
#include "supervisor.h"
#include "sysfs.h"

/**
 * struct watch - the worker as the supervisor knows it
 * @status: its exit status, once @ended
 * @reported: the host was told that it ended
 */
struct watch {
	pid_t worker;
	bool ended;
	bool reported;
	int status;
	struct channel channel;
};

static void ignore(int signal)
{
	(void)signal;
}

/**
 * supervisor_signals - hold back the signals that the supervisor waits for; to be called before the worker is started
 *
 * SIGCHLD: a process ended. SIGIO: the host connected to the port, or let go of it.
 */
void supervisor_signals(void)
{
	const struct sigaction action = { .sa_handler = ignore };
	sigset_t held;

	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	sigemptyset(&held);
	sigaddset(&held, SIGCHLD);
	sigaddset(&held, SIGIO);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

static void reap(struct watch *watch)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != watch->worker)
			continue;
		watch->ended = true;
		watch->status = status;
	}
}

static json_t *describe_worker(const struct watch *watch)
{
	const char *state = "running";
	int code = 0, signal = 0;

	if (watch->ended && WIFSIGNALED(watch->status)) {
		state = "killed";
		signal = WTERMSIG(watch->status);
	} else if (watch->ended) {
		state = "exited";
		code = WEXITSTATUS(watch->status);
	}
	return json_pack("{s:s, s:i, s:i}", "state", state, "code", code, "signal", signal);
}

static void read_of_worker(const struct watch *watch, const char *file, char *text, size_t size)
{
	char path[PATH_SIZE];

	*text = '\0';
	if (watch->ended)
		return;
	snprintf(path, sizeof(path), "/proc/%d/%s", watch->worker, file);
	read_attribute(path, text, size);
}

static json_t *describe_stack(const struct watch *watch)
{
	json_t *lines = json_array();
	char text[8192], *rest;

	read_of_worker(watch, "stack", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_array_append_new(lines, json_string(line));
	return lines;
}

static json_t *describe(const struct watch *watch)
{
	char syscall[512], uptime[64];

	read_of_worker(watch, "syscall", syscall, sizeof(syscall));
	read_attribute("/proc/uptime", uptime, sizeof(uptime));
	return json_pack("{s:o, s:o, s:s, s:f}", "worker", describe_worker(watch), "stack", describe_stack(watch),
			 "syscall", syscall, "uptime", strtod(uptime, NULL));
}

static void send(struct watch *watch, json_t *id, json_t *answer)
{
	json_object_set_new(answer, "id", id);
	channel_write(&watch->channel, answer);
	json_decref(answer);
}

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
}

static void serve(struct watch *watch)
{
	struct request request;
	json_t *answer = NULL, *id;
	bool off = false;

	if (!request_open(&request, watch->channel.body, watch->channel.length)) {
		const char *name = take_string(&request, "op");

		off = !strcmp(name, "poweroff");
		if (off)
			answer = json_object();
		else if (!strcmp(name, "ping"))
			answer = describe(watch);
		else
			request_refuse(&request, "Unknown request \"%.40s\"", name);
	}
	if (!answer)
		answer = json_pack("{s:s}", "error", request.error);
	if (!answer)
		answer = json_pack("{s:s}", "error", "Cannot say why: not UTF-8");
	id = json_object_get(request.kept, "id");
	send(watch, json_is_integer(id) ? json_incref(id) : json_null(), answer);
	request_close(&request);
	if (off)
		power_off();
}

/*
 * Wait for a request, the worker's end, or the host's coming. A port whose host is away polls as hung up, for ever; then
 * only the signals are waited for, one of which tells of its coming.
 *
 * Return: what the port polls as.
 */
static short await(const struct watch *watch)
{
	struct pollfd port = { .fd = watch->channel.in, .events = POLLIN };
	sigset_t none;

	sigemptyset(&none);
	poll(&port, 1, 0);
	if (port.revents & POLLHUP)
		ppoll(NULL, 0, NULL, &none);
	else if (!port.revents)
		ppoll(&port, 1, NULL, &none);
	else
		return port.revents;
	poll(&port, 1, 0);
	return port.revents;
}

/**
 * supervise - watch the worker, for ever
 * @port: the port that requests come from
 */
_Noreturn void supervise(pid_t worker, int port)
{
	struct watch watch = { .worker = worker };

	json_object_seed(1);
	if (port < 0 || channel_init(&watch.channel, port, port)) {
		fprintf(stderr, "zhil-agent: No port to be watched by\n");
		for (;;) {
			pause();
			reap(&watch);
		}
	}
	fcntl(port, F_SETOWN, getpid());
	fcntl(port, F_SETFL, fcntl(port, F_GETFL) | O_ASYNC);

	for (;;) {
		short events = await(&watch);

		reap(&watch);
		if (events & POLLHUP)
			continue;
		if (watch.ended && !watch.reported) {
			send(&watch, json_integer(0), describe(&watch));
			watch.reported = true;
		}
		if (!(events & POLLIN))
			continue;
		switch (channel_read(&watch.channel)) {
		case FRAME_READ:
			serve(&watch);
			break;
		case FRAME_REFUSED:
			send(&watch, json_null(), json_pack("{s:s}", "error", "The frame is empty or longer than 1 MiB"));
			break;
		case FRAME_END:
			break;
		}
	}
}
