// SPDX-License-Identifier: MIT
/*
 * Stands between a vfio-user client and a server that cannot receive file descriptors, which Node.js cannot. Bytes go both
 * ways as they are; the eventfds of interrupts that come along with VFIO_USER_DEVICE_SET_IRQS stay here, and are written on
 * command.
 *
 * Commands come on standard input: "raise V" for a vector, a line each. Each is answered by a line on standard output:
 * "raised", or "silent" where the client gave no eventfd for it. "listening" is said when a client may come. It ends with
 * its standard input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "eventfds.h"

#define CHUNK_SIZE	65536

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *line)
{
	if (printf("%s\n", line) < 0 || fflush(stdout))
		exit(0);
}

static bool write_fully(int fd, const unsigned char *bytes, size_t length)
{
	while (length) {
		ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		length -= n;
	}
	return true;
}

static bool pass_to_server(int client, int server)
{
	static unsigned char bytes[CHUNK_SIZE];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_LIMIT * sizeof(int))];
	} control;
	const size_t wanted = bytes_wanted();
	struct iovec vector = { .iov_base = bytes, .iov_len = wanted < sizeof(bytes) ? wanted : sizeof(bytes) };
	struct msghdr header = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(client, &header, MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	keep_descriptors(&header);
	/* Where nobody can tell any more where a message begins, it is the server that says so. */
	return follow_messages(bytes, n) & write_fully(server, bytes, n);
}

static bool pass_to_client(int server, int client)
{
	static unsigned char bytes[CHUNK_SIZE];
	ssize_t n = read(server, bytes, sizeof(bytes));

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && write_fully(client, bytes, n);
}

static void raise_vector(const char *text)
{
	char *end;
	unsigned long vector = strtoul(text, &end, 10);
	int raised = end == text || *end ? 0 : signal_vector(vector);

	if (raised < 0)
		die("Cannot write an eventfd");
	say(raised ? "raised" : "silent");
}

/* Commands, as many as are there; the last may not be whole yet. */
static void obey(void)
{
	static char text[256];
	static size_t length;
	ssize_t n = read(STDIN_FILENO, text + length, sizeof(text) - length);
	char *line = text, *end;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		exit(0);
	length += n;
	while ((end = memchr(line, '\n', length - (line - text)))) {
		*end = '\0';
		if (strncmp(line, "raise ", 6)) {
			fprintf(stderr, "relay: Unknown command\n");
			exit(2);
		}
		raise_vector(line + 6);
		line = end + 1;
	}
	length -= line - text;
	memmove(text, line, length);
	if (length == sizeof(text)) {
		fprintf(stderr, "relay: A command is too long\n");
		exit(2);
	}
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address.sun_path, path);
	return address;
}

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("Cannot make a socket");
	return fd;
}

static int listen_on(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int fd = make_socket();

	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		die(path);
	return fd;
}

static int connect_to(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int fd = make_socket();

	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* One client at a time; others wait until it has gone. */
static void serve_client(int client, int server)
{
	struct pollfd ends[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = client, .events = POLLIN },
		{ .fd = server, .events = POLLIN },
	};
	bool served = true;

	eventfds_begin();
	while (served) {
		if (poll(ends, 3, -1) < 0 && errno != EINTR)
			die("Cannot wait");
		if (ends[0].revents)
			obey();
		if (ends[1].revents)
			served = pass_to_server(client, server);
		if (served && ends[2].revents)
			served = pass_to_client(server, client);
	}
	eventfds_begin();
}

int main(int argc, char **argv)
{
	struct pollfd ends[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };

	if (argc != 3) {
		fprintf(stderr, "Usage: relay LISTEN SERVER\n");
		return 2;
	}
	ends[1].fd = listen_on(argv[1]);
	say("listening");
	for (;;) {
		int client, server;

		if (poll(ends, 2, -1) < 0 && errno != EINTR)
			die("Cannot wait");
		if (ends[0].revents)
			obey();
		if (!ends[1].revents)
			continue;
		client = accept4(ends[1].fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		server = connect_to(argv[2]);
		if (server >= 0) {
			serve_client(client, server);
			close(server);
		}
		close(client);
	}
}
