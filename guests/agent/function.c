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
 * driver_override, unbind from another driver, probe. A function that is bound to the driver already is not unbound: with a
 * VFIO device open that would wait for ever.
 */
int bind_to_driver(const struct function *function, struct request *request, const char *wanted)
{
	char path[PATH_SIZE], driver[64];
	int error;

	function_path(path, function, "driver_override");
	error = write_attribute(path, wanted);
	if (error)
		return step_failed(request, "driver_override", error);

	function_path(path, function, "driver");
	if (!read_link_name(path, driver, sizeof(driver)) && strcmp(driver, wanted)) {
		function_path(path, function, "driver/unbind");
		error = write_attribute(path, function->address);
		if (error)
			return step_failed(request, "unbind", error);
	}
	return write_attribute("/sys/bus/pci/drivers_probe", function->address);
}

int bind_function(struct agent *agent, struct request *request)
{
	struct function *function = take_function(&agent->table, request);

	if (request_refused(request))
		return REFUSED;
	return bind_to_driver(function, request, VFIO_DRIVER);
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
	struct function *function = take_function(&agent->table, request);
	char path[PATH_SIZE], now[32];
	int error;

	if (request_refused(request))
		return REFUSED;
	function_path(path, function, "iommu_group/type");
	error = write_attribute(path, type);
	if (!read_attribute(path, now, sizeof(now)))
		value_string(request, "type", now);
	return error;
}
