// SPDX-License-Identifier: MIT
/*
 * The life of a function: its driver, its power, its resets, its IOMMU group.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "operations.h"
#include "sysfs.h"

#define VFIO_DRIVER	"vfio-pci"

/* Write to an attribute of the function that a request names. */
static int write_to_function(struct agent *agent, struct request *request, const char *attribute, const char *text)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE];

	if (request_refused(request))
		return REFUSED;
	function_path(path, function, attribute);
	return write_attribute(path, text);
}

/*
 * driver_override, unbind from another driver, probe. A function that is bound to vfio-pci already is not unbound: with its
 * device open that would wait for ever.
 */
int bind_function(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE], driver[64];
	int error;

	if (request_refused(request))
		return REFUSED;

	function_path(path, function, "driver_override");
	error = write_attribute(path, VFIO_DRIVER);
	if (error)
		return step_failed(request, "driver_override", error);

	function_path(path, function, "driver");
	if (!read_link_name(path, driver, sizeof(driver)) && strcmp(driver, VFIO_DRIVER)) {
		function_path(path, function, "driver/unbind");
		error = write_attribute(path, function->address);
		if (error)
			return step_failed(request, "unbind", error);
	}
	return write_attribute("/sys/bus/pci/drivers_probe", function->address);
}

int unbind_function(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE];

	if (request_refused(request))
		return REFUSED;
	function_path(path, function, "driver/unbind");
	return write_attribute(path, function->address);
}

int power(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);
	bool on = take_bool(request, "on");
	char path[PATH_SIZE];

	if (request_refused(request))
		return REFUSED;
	snprintf(path, sizeof(path), "/sys/bus/pci/slots/%08x/power", function->fid);
	return write_attribute(path, on ? "1" : "0");
}

int sysfs_reset(struct agent *agent, struct request *request)
{
	return write_to_function(agent, request, "reset", "1");
}

int recover(struct agent *agent, struct request *request)
{
	return write_to_function(agent, request, "recover", "1");
}

int reset_method(struct agent *agent, struct request *request)
{
	const char *method = take_string(request, "method");

	return write_to_function(agent, request, "reset_method", method);
}

int domain_type(struct agent *agent, struct request *request)
{
	const char *type = take_string(request, "type");

	return write_to_function(agent, request, "iommu_group/type", type);
}
