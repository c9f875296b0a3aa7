// SPDX-License-Identifier: MIT
/*
 * The first process starts the worker, watches it and answers for it: whether the kernel is alive, where the worker hangs,
 * how it died. Asked to, it starts another in its place.
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
#include "port.h"
#include "request.h"
#include "supervisor.h"
#include "sysfs.h"

/**
 * struct watch - the worker as the supervisor knows it
 * @work: what it does
 * @status: its exit status, once @ended
 * @reported: the host was told that it ended
 * @restart: the id of the request that wants another in its place; NULL without one
 */
struct watch {
	work_fn *work;
	pid_t worker;
	bool ended;
	bool reported;
	int status;
	json_t *restart;
	struct channel channel;
};

static void ignore(int signal)
{
	(void)signal;
}

/*
 * Hold back the signals that the supervisor waits for, before there is a worker. SIGCHLD: a process ended. SIGIO: the host
 * connected to the port, or let go of it.
 */
static void hold_signals(void)
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

/* A worker begins with nothing of its predecessor's: it is forked from here, where nothing is ever opened but the port. */
static void start_worker(struct watch *watch)
{
	sigset_t none;

	watch->ended = false;
	watch->reported = false;
	watch->worker = fork();
	if (watch->worker)
		return;
	if (watch->channel.body)
		close(watch->channel.in);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(watch->work());
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
	channel_write(&watch->channel, answer, false);
	json_decref(answer);
}

/* Ends this kernel: the machine with it, or for another boot. */
static void end_kernel(int how)
{
	sync();
	reboot(how);
}

/*
 * Have another worker started when this one is gone, which is answered then. One that the kernel does not let go stays, and
 * there is no answer; other requests are served meanwhile.
 */
static void want_restart(struct watch *watch, json_t *id)
{
	json_decref(watch->restart);
	watch->restart = id;
	if (!watch->ended)
		kill(watch->worker, SIGKILL);
}

/* What is to be done about a worker that ended: start another where one was asked for, else tell of its end. */
static void attend_end(struct watch *watch)
{
	json_t *id = watch->restart;

	if (!watch->ended)
		return;
	if (id) {
		watch->restart = NULL;
		start_worker(watch);
		send(watch, id, describe(watch));
	} else if (!watch->reported) {
		send(watch, json_integer(0), describe(watch));
		watch->reported = true;
	}
}

static void serve(struct watch *watch)
{
	bool off = false, anew = false, later = false;
	struct request request;
	json_t *answer = NULL, *id;

	if (!request_open(&request, watch->channel.body, watch->channel.length)) {
		const char *name = take_string(&request, "op");

		off = !strcmp(name, "poweroff");
		anew = !strcmp(name, "reboot");
		later = !strcmp(name, "restart");
		if (off)
			answer = json_object();
		else if (anew || !strcmp(name, "ping"))
			answer = describe(watch);
		else if (!later)
			request_refuse(&request, "Unknown request \"%.40s\"", name);
	}
	if (!answer && !later)
		answer = json_pack("{s:s}", "error", request.error);
	if (!answer && !later)
		answer = json_pack("{s:s}", "error", "Cannot say why: not UTF-8");
	id = json_object_get(request.kept, "id");
	id = json_is_integer(id) ? json_incref(id) : json_null();
	if (later)
		want_restart(watch, id);
	else
		send(watch, id, answer);
	request_close(&request);
	if (off || anew)
		end_kernel(anew ? RB_AUTOBOOT : RB_POWER_OFF);
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
 * supervise - start a worker and watch it, for ever
 * @port_name: the port that requests come from
 */
_Noreturn void supervise(work_fn *work, const char *port_name)
{
	struct watch watch = { .work = work };
	int port;

	hold_signals();
	start_worker(&watch);
	port = port_open(port_name);
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
		attend_end(&watch);
		if (!(events & POLLIN))
			continue;
		switch (channel_read(&watch.channel)) {
		case FRAME_READ:
			serve(&watch);
			attend_end(&watch);
			break;
		case FRAME_REFUSED:
			send(&watch, json_null(), json_pack("{s:s}", "error", "The frame is empty or longer than 1 MiB"));
			break;
		case FRAME_END:
			break;
		}
	}
}
