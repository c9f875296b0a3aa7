// SPDX-License-Identifier: MIT
/*
 * The IOMMU group of a function, and groups that come and go.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "operations.h"
#include "sysfs.h"

/* The function at a PCI address by its name, or the address where it has none. */
static const char *name_of(const struct table *table, const char *address)
{
	for (size_t i = 0; i < FUNCTIONS && *table->functions[i].name; i++)
		if (!strcmp(table->functions[i].address, address))
			return table->functions[i].name;
	return address;
}

int group_view(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE], number[32], type[32];
	struct dirent *entry;
	json_t *devices;
	DIR *listing;
	int error;

	if (request_refused(request))
		return REFUSED;
	function_path(path, function, "iommu_group");
	error = read_link_name(path, number, sizeof(number));
	if (error)
		return error;
	function_path(path, function, "iommu_group/type");
	error = read_attribute(path, type, sizeof(type));
	if (error)
		return step_failed(request, "type", error);
	function_path(path, function, "iommu_group/devices");
	listing = opendir(path);
	if (!listing)
		return step_failed(request, "devices", errno);
	devices = json_array();
	while ((entry = readdir(listing)))
		if (*entry->d_name != '.')
			json_array_append_new(devices, json_string(name_of(&agent->table, entry->d_name)));
	closedir(listing);
	value_number(request, "group", atoi(number));
	value_string(request, "type", type);
	json_object_set_new(request->values, "members", devices);
	return 0;
}

/**
 * struct churn - one function comes and goes while another is attached and the group of the first changes its type
 * @rounds: how often it goes and comes
 * @lost: power that was refused
 * @over: the function has come for the last time
 */
struct churn {
	const struct function *function;
	uint32_t rounds;
	uint32_t lost;
	bool over;
};

static void *come_and_go(void *argument)
{
	struct churn *churn = argument;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/sys/bus/pci/slots/%08x/power", churn->function->fid);
	for (uint32_t round = 0; round < churn->rounds; round++) {
		churn->lost += write_attribute(path, "0") != 0;
		churn->lost += write_attribute(path, "1") != 0;
	}
	__atomic_store_n(&churn->over, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * What a write to the type of a group may say that is gone (no file), going (no function any more), or coming (no default
 * domain yet: EINVAL, drivers/iommu/iommu.c, iommu_group_store_type).
 */
static bool is_absence(int error)
{
	return error == ENOENT || error == ENODEV || error == EPERM || error == EINVAL;
}

int churn(struct agent *agent, struct request *request)
{
	struct function *attached = take_open_function(&agent->table, request);
	const char *other = take_name(request, "beside");
	struct page_table *to = take_page_table(&agent->table, request, "to");
	struct churn churn = { .function = find_function(&agent->table, other) };
	uint32_t attach_failures = 0, detach_failures = 0, odd_types = 0, rounds = 0;
	char path[PATH_SIZE];
	pthread_t thread;
	int error;

	churn.rounds = take_number(request, "rounds", 64);
	if (!churn.function)
		request_refuse(request, "No function \"%s\" is defined", other);
	if (request_refused(request))
		return REFUSED;
	function_path(path, churn.function, "iommu_group/type");
	error = pthread_create(&thread, NULL, come_and_go, &churn);
	if (error)
		return step_failed(request, "thread", error);
	do {
		struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach), .pt_id = to->id };
		struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach) };

		attach_failures += ioctl(attached->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) != 0;
		detach_failures += ioctl(attached->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach) != 0;
		error = write_attribute(path, rounds++ % 2 ? "DMA-FQ" : "DMA");
		odd_types += error && !is_absence(error);
		/* One processor: the other thread goes on when this one waits. */
		sched_yield();
	} while (!__atomic_load_n(&churn.over, __ATOMIC_ACQUIRE));
	pthread_join(thread, NULL);
	/* Whatever type was written last, and whether before or after the function came for the last time. */
	error = write_attribute(path, "auto");
	value_number(request, "attach", attach_failures);
	value_number(request, "detach", detach_failures);
	value_number(request, "type", odd_types);
	value_number(request, "power", churn.lost);
	value_number(request, "rounds", rounds);
	return error;
}
