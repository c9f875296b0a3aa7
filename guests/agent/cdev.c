// SPDX-License-Identifier: MIT
/*
 * VFIO through the character device and iommufd.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iommufd.h"
#include "operations.h"
#include "sysfs.h"

/* The path of the function's character device: its vfio-dev folder has one entry, vfioN. */
static int find_device_path(const struct function *function, char *path, size_t size)
{
	char folder[PATH_SIZE];
	int error = ENOENT;
	struct dirent *entry;
	DIR *entries;

	function_path(folder, function, "vfio-dev");
	entries = opendir(folder);
	if (!entries)
		return errno;
	while (error && (entry = readdir(entries))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, size, "/dev/vfio/devices/%.32s", entry->d_name);
		error = 0;
	}
	closedir(entries);
	return error;
}

int open_device(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE];
	int error, fd;

	if (function && function->device >= 0)
		request_refuse(request, "Function \"%s\" is open already", function->name);
	if (request_refused(request))
		return REFUSED;

	error = find_device_path(function, path, sizeof(path));
	if (error)
		return step_failed(request, "vfio-dev", error);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	function->device = fd;
	return 0;
}

int close_device(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	int fd, error;

	if (request_refused(request))
		return REFUSED;
	fd = function->device;
	function->device = -1;
	function->driven = QUEUES_NONE;
	memset(&function->nvme, 0, sizeof(function->nvme));
	memset(&function->virtio, 0, sizeof(function->virtio));
	memset(&function->card, 0, sizeof(function->card));
	interrupts_forget(function);
	if (function->leaving) {
		function->leaving = false;
		agent->observer.leaving--;
	}
	error = system_call(request, close(fd));
	return error ? error : removal_end(function);
}

/* A function will be asked for: what the kernel does about that waits until its device is closed. */
int unplug(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	if (function->device >= 0 && !function->leaving) {
		function->leaving = true;
		agent->observer.leaving++;
	}
	return 0;
}

int bind_iommufd(struct agent *agent, struct request *request)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct function *function = take_open_function(&agent->table, request);
	struct iommufd *iommufd;
	int error;

	error = take_iommufd(agent, request, &iommufd);
	if (error)
		return error;

	bind.iommufd = iommufd->fd;
	error = system_call(request, ioctl(function->device, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	if (error)
		return error;
	function->iommufd = iommufd;
	function->id = bind.out_devid;
	value_number(request, "id", bind.out_devid);
	return 0;
}

/* The id of what a device is attached to: an IOAS, a HWPT, or on purpose a bound function. */
static uint32_t take_target_id(struct agent *agent, struct request *request)
{
	const char *name = take_name(request, "to");
	struct page_table *to = find_page_table(&agent->table, name);
	struct function *function = find_function(&agent->table, name);

	if (to)
		return to->id;
	if (function && function->iommufd)
		return function->id;
	request_refuse(request, "Unknown IOAS, HWPT or bound function \"%.40s\"", name);
	return 0;
}

/* Attach and replace are one ioctl; what is promised differs, and that is judged elsewhere. */
int attach(struct agent *agent, struct request *request)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct function *function = take_open_function(&agent->table, request);
	int error;

	attach.pt_id = take_target_id(agent, request);
	if (request_refused(request))
		return REFUSED;
	error = system_call(request, ioctl(function->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
	if (!error)
		value_number(request, "pt", attach.pt_id);
	return error;
}

int detach(struct agent *agent, struct request *request)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach) };
	struct function *function = take_open_function(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(function->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
}
