// SPDX-License-Identifier: MIT
/*
 * Files of queues: of faults, and of events of a virtual IOMMU.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "iommufd.h"
#include "mock.h"

/**
 * keep_queue - enter a new queue into the table, and have its file watched from the start
 *
 * The watch is told when the kernel wakes whoever waits for the file, and only then: it tells a queue that fills silently from
 * one that wakes.
 *
 * Return: 0, the errno, or %REFUSED.
 */
int keep_queue(struct agent *agent, struct request *request, const char *name, struct iommufd *iommufd, uint32_t id,
	       int fd)
{
	struct epoll_event wanted = { .events = EPOLLIN };
	int error = name_object(agent, request, name, iommufd, id);
	struct page_table *queue;

	if (error) {
		close(fd);
		return error;
	}
	queue = find_page_table(&agent->table, name);
	queue->queue = fd;
	queue->watch = epoll_create1(EPOLL_CLOEXEC);
	if (queue->watch < 0 || epoll_ctl(queue->watch, EPOLL_CTL_ADD, fd, &wanted))
		return step_failed(request, "epoll", errno);
	return 0;
}

/**
 * take_queue - the open queue that a request names
 */
struct page_table *take_queue(struct table *table, struct request *request)
{
	const char *name = take_name(request, "queue");
	struct page_table *queue = find_page_table(table, name);

	if (queue && queue->queue >= 0)
		return queue;
	request_refuse(request, "\"%.40s\" is no open queue", name);
	return NULL;
}

int queue_poll(struct agent *agent, struct request *request)
{
	struct page_table *queue = take_queue(&agent->table, request);
	struct pollfd now = { .events = POLLIN | POLLOUT };
	struct epoll_event woken;

	if (request_refused(request))
		return REFUSED;
	now.fd = queue->queue;
	if (poll(&now, 1, 0) < 0)
		return errno;
	json_object_set_new(request->values, "readable", json_boolean(now.revents & POLLIN));
	json_object_set_new(request->values, "writable", json_boolean(now.revents & POLLOUT));
	json_object_set_new(request->values, "woken", json_boolean(epoll_wait(queue->watch, &woken, 1, 0) > 0));
	return 0;
}

int queue_close(struct agent *agent, struct request *request)
{
	struct page_table *queue = take_queue(&agent->table, request);
	int fd;

	if (request_refused(request))
		return REFUSED;
	fd = queue->queue;
	queue->queue = -1;
	close_queue(queue);
	return system_call(request, close(fd));
}
