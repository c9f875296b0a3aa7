// SPDX-License-Identifier: MIT
/*
 * Interrupts of a function: an eventfd for each MSI-X vector, one for errors that the host reports, and how often each was
 * signalled.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "operations.h"

union irq_set {
	struct vfio_irq_set set;
	unsigned char bytes[sizeof(struct vfio_irq_set) + INTERRUPTS * sizeof(int32_t)];
};

static void close_eventfds(const int32_t *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
}

static void forget_vectors(struct function *function)
{
	close_eventfds(function->interrupts, function->interrupt_count);
	function->interrupt_count = 0;
}

void interrupts_forget(struct function *function)
{
	forget_vectors(function);
	if (function->errors >= 0)
		close(function->errors);
	function->errors = -1;
}

static int set_irqs(struct request *request, const struct function *function, uint32_t index, uint32_t data,
		    const int32_t *fds, uint32_t count)
{
	union irq_set command = { .set = {
		.argsz = sizeof(command.set) + (fds ? count * sizeof(*fds) : 0),
		.flags = data | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.count = count,
	} };

	if (fds)
		memcpy(command.set.data, fds, count * sizeof(*fds));
	return system_call(request, ioctl(function->device, VFIO_DEVICE_SET_IRQS, &command));
}

/* New eventfds; -1, VFIO's word for none, is never among them. Return: 0, or the errno and nothing is left open. */
static int open_eventfds(struct request *request, int32_t *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int error;

		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fds[i] >= 0)
			continue;
		error = system_call(request, fds[i]);
		close_eventfds(fds, i);
		return error;
	}
	return 0;
}

int interrupts_enable(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	uint32_t count = take_number(request, "vectors", INTERRUPTS);
	int32_t fds[INTERRUPTS];
	int error;

	if (request_refused(request))
		return REFUSED;
	error = open_eventfds(request, fds, count);
	if (error)
		return error;
	error = set_irqs(request, function, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD, fds, count);
	if (error) {
		close_eventfds(fds, count);
		return error;
	}
	forget_vectors(function);
	memcpy(function->interrupts, fds, sizeof(fds));
	function->interrupt_count = count;
	return 0;
}

int interrupts_disable(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	int error;

	if (request_refused(request))
		return REFUSED;
	error = set_irqs(request, function, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE, NULL, 0);
	if (!error)
		forget_vectors(function);
	return error;
}

/* How often each vector was signalled since the last time. */
int interrupts_count(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	json_t *counts;

	if (request_refused(request))
		return REFUSED;
	counts = json_array();
	for (uint32_t i = 0; i < function->interrupt_count; i++) {
		eventfd_t count = 0;

		if (eventfd_read(function->interrupts[i], &count))
			count = 0;
		json_array_append_new(counts, json_integer(count));
	}
	json_object_set_new(request->values, "delivered", counts);
	return 0;
}

int errors_enable(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	int32_t fd;
	int error;

	if (function && function->errors >= 0)
		request_refuse(request, "Function \"%s\" has an eventfd for errors already", function->name);
	if (request_refused(request))
		return REFUSED;
	error = open_eventfds(request, &fd, 1);
	if (error)
		return error;
	error = set_irqs(request, function, VFIO_PCI_ERR_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD, &fd, 1);
	if (error)
		close(fd);
	else
		function->errors = fd;
	return error;
}

/* How often an error was reported since the last time. */
int errors_told(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	eventfd_t count = 0;

	if (request_refused(request))
		return REFUSED;
	if (function->errors < 0 || eventfd_read(function->errors, &count))
		count = 0;
	value_number(request, "errors", count);
	return 0;
}
