// SPDX-License-Identifier: MIT
/*
 * The VFIO device itself, however it was opened.
 */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "operations.h"
#include "region.h"

#define GROUPS_LIMIT	8
#define DEVICES_LIMIT	64

int device_info(struct agent *agent, struct request *request)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct function *function = take_open_function(&agent->table, request);
	int error;

	if (request_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(function->device, VFIO_DEVICE_GET_INFO, &info));
	if (error)
		return error;
	value_number(request, "flags", info.flags);
	value_number(request, "regions", info.num_regions);
	value_number(request, "irqs", info.num_irqs);
	return 0;
}

int device_reset(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(function->device, VFIO_DEVICE_RESET));
}

union reset_info {
	struct vfio_pci_hot_reset_info info;
	unsigned char bytes[sizeof(struct vfio_pci_hot_reset_info) +
			    DEVICES_LIMIT * sizeof(struct vfio_pci_dependent_device)];
};

int hot_reset_info(struct agent *agent, struct request *request)
{
	union reset_info reply = { .info.argsz = sizeof(reply) };
	struct function *function = take_open_function(&agent->table, request);
	json_t *devices;
	const char *id;
	int error;

	if (request_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(function->device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &reply));
	if (error)
		return error;
	devices = json_array();
	id = reply.info.flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID ? "id" : "group";
	for (uint32_t i = 0; i < reply.info.count && i < DEVICES_LIMIT; i++) {
		const struct vfio_pci_dependent_device *device = &reply.info.devices[i];

		/* A union: devid and group_id are the same number. */
		json_array_append_new(devices, json_pack("{s:I, s:i, s:i, s:i}", id, (json_int_t)(int32_t)device->group_id,
							 "segment", device->segment, "bus", device->bus,
							 "devfn", device->devfn));
	}
	value_number(request, "flags", reply.info.flags);
	json_object_set_new(request->values, "devices", devices);
	return 0;
}

union hot_reset {
	struct vfio_pci_hot_reset reset;
	unsigned char bytes[sizeof(struct vfio_pci_hot_reset) + GROUPS_LIMIT * sizeof(int32_t)];
};

/* The descriptors of the groups of the functions that a request lists. */
static void take_groups(struct agent *agent, struct request *request, struct vfio_pci_hot_reset *reset)
{
	json_t *names = take_array_or_none(request, "groups"), *name;
	size_t i;

	if (json_array_size(names) > GROUPS_LIMIT) {
		request_refuse(request, "Field \"groups\" has more than %d entries", GROUPS_LIMIT);
		return;
	}
	json_array_foreach(names, i, name) {
		struct function *function = json_is_string(name) ?
			find_function(&agent->table, json_string_value(name)) : NULL;

		if (!function || function->group < 0)
			request_refuse(request, "No open group at place %zu of field \"groups\"", i);
		else
			reset->group_fds[reset->count++] = function->group;
	}
}

int hot_reset(struct agent *agent, struct request *request)
{
	union hot_reset command = { .reset.argsz = sizeof(command) };
	struct function *function = take_open_function(&agent->table, request);

	take_groups(agent, request, &command.reset);
	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(function->device, VFIO_DEVICE_PCI_HOT_RESET, &command));
}

int bus_master(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	bool on = take_bool(request, "on");
	int error;

	if (request_refused(request))
		return REFUSED;
	error = change_command(function, on ? 0 : PCI_COMMAND_MASTER, on ? PCI_COMMAND_MASTER : 0);
	return error ? step_failed(request, "command register", error) : 0;
}
