// SPDX-License-Identifier: MIT
/*
 * The guest agent of zpci-hil: performs operations on VFIO, iommufd and zPCI functions, and reports what happened.
 *
 * As the first process of a machine it prepares that, starts a worker and watches it; with --stdio it is the worker.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"
#include "port.h"
#include "supervisor.h"
#include "worker.h"

#define WORKER_PORT	"zhil.agent"
#define WATCH_PORT	"zhil.watch"

static const char usage[] =
	"Usage: agent --stdio | --version\n"
	"\n"
	"  --stdio    take requests from standard input, answer on standard output\n"
	"  --version  print the version\n"
	"\n"
	"As the first process of a machine it takes none of these: it serves the virtio-serial ports\n"
	WORKER_PORT " and " WATCH_PORT ".\n";

static int work_on_port(void)
{
	int port = port_open(WORKER_PORT);
	struct channel channel;

	if (port < 0 || channel_init(&channel, port, port)) {
		fprintf(stderr, "zhil-agent: Cannot open port \"" WORKER_PORT "\"\n");
		return 2;
	}
	return worker_run(&channel, true);
}

static int work_on_stdio(void)
{
	struct channel channel;

	signal(SIGPIPE, SIG_IGN);
	return channel_init(&channel, STDIN_FILENO, STDOUT_FILENO) ? 1 : worker_run(&channel, false);
}

static _Noreturn void be_init(void)
{
	sigset_t none;
	pid_t worker;

	init_system();
	supervisor_signals();
	worker = fork();
	if (!worker) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(work_on_port());
	}
	supervise(worker, port_open(WATCH_PORT));
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		be_init();
	if (argc == 2 && !strcmp(argv[1], "--stdio"))
		return work_on_stdio();
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts(AGENT_VERSION);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
