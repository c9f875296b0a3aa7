// SPDX-License-Identifier: MIT
/*
 * The guest agent of zpci-hil: performs operations on VFIO, iommufd and zPCI functions, and reports what happened.
 *
 * As the first process of a machine it prepares that, starts a worker and watches it; with --stdio it is the worker.
 */
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"
#include "port.h"
#include "replay.h"
#include "supervisor.h"
#include "table.h"
#include "worker.h"

/* What the worker keeps beyond what it has taken, and what of it has pages from the start. */
#define MEMORY_KEPT	(4 * 1024 * 1024)
#define MEMORY_TOUCHED	(512 * 1024)

#define WORKER_PORT	"zhil.agent"
#define WATCH_PORT	"zhil.watch"

static const char usage[] =
	"Usage: agent --stdio | --version\n"
	"\n"
	"  --stdio    take requests from standard input, answer on standard output\n"
	"  --version  print the version\n"
	"\n"
	"As the first process of a machine it takes none of these: it serves the virtio-serial ports\n"
	WORKER_PORT " and " WATCH_PORT ", or performs what is written in " REPLAY_FILE ", where that is there.\n";

/*
 * Memory is taken from the kernel once, before anything is asked, and kept: mapping and unmapping it with every request
 * would cost a clone, whose every first step through kernel code is slow, some milliseconds. And a kernel that slept under a
 * spinlock, which has happened, has no page for anybody until it sleeps again: the fault would be a SIGSEGV.
 */
static void keep_memory(void)
{
	char *memory;

	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_TOP_PAD, MEMORY_KEPT);
	memory = malloc(MEMORY_TOUCHED);
	/* Volatile: what is written and then freed is left out by compilers. */
	for (size_t at = 0; memory && at < MEMORY_TOUCHED; at += PAGE_SIZE)
		*(volatile char *)(memory + at) = 1;
	free(memory);
}

static int work_on_port(void)
{
	int port = port_open(WORKER_PORT);
	struct channel channel;

	if (port < 0 || channel_init(&channel, port, port)) {
		fprintf(stderr, "zhil-agent: Cannot open port \"" WORKER_PORT "\"\n");
		return 2;
	}
	spare_pages();
	/* What is kept is for requests: what is taken once and for all is taken before. */
	keep_memory();
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
	init_system();
	if (!access(REPLAY_FILE, R_OK)) {
		keep_memory();
		replay(REPLAY_FILE);
	}
	supervise(work_on_port, WATCH_PORT);
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
