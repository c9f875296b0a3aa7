// SPDX-License-Identifier: MIT
/*
 * VFIO's calls with PASIDs, and with arguments that no program should pass.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iommufd.h"
#include "mock.h"

int pasid_attach(struct agent *agent, struct request *request)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach), .flags = VFIO_DEVICE_ATTACH_PASID };
	struct function *function = take_open_function(&agent->table, request);
	struct page_table *to = take_page_table(&agent->table, request, "to");
	int error;

	attach.pasid = take_number(request, "pasid", UINT32_MAX);
	if (request_refused(request))
		return REFUSED;
	attach.pt_id = to->id;
	error = system_call(request, ioctl(function->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
	if (!error)
		value_number(request, "pt", attach.pt_id);
	return error;
}

int pasid_detach(struct agent *agent, struct request *request)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach), .flags = VFIO_DEVICE_DETACH_PASID };
	struct function *function = take_open_function(&agent->table, request);

	detach.pasid = take_number(request, "pasid", UINT32_MAX);
	if (request_refused(request))
		return REFUSED;
	return system_call(request, ioctl(function->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
}

/* Calls that are refused, whatever they are about. */
enum oddity {
	SHORT,		/* the argument says that it is shorter than the call's first form */
	SHORT_PASID,	/* a PASID is announced, and the argument too short to have one */
	CUT,		/* memory ends inside the argument */
	CUT_PASID,	/* memory ends where the PASID begins */
	LONG,		/* something the kernel does not know comes behind what it knows */
	FLAG,		/* a flag that nobody defined */
	NEGATIVE,	/* the iommufd is -1 */
	CLOSED,		/* the iommufd is a descriptor that is not open */
	OTHER,		/* the iommufd is some other file */
	TOKEN,		/* a VF token, for what is no VF and has none */
	CUT_TOKEN,	/* a VF token that cannot be read */
	UNWRITABLE,	/* the answer cannot be written */
};

static enum oddity take_oddity(struct request *request)
{
	static const char *const names[] = {
		[SHORT] = "short", [SHORT_PASID] = "short-pasid", [CUT] = "cut", [CUT_PASID] = "cut-pasid", [LONG] = "long",
		[FLAG] = "flag", [NEGATIVE] = "negative", [CLOSED] = "closed", [OTHER] = "other", [TOKEN] = "token",
		[CUT_TOKEN] = "cut-token", [UNWRITABLE] = "unwritable",
	};
	const char *how = take_string(request, "how");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(how, names[i]))
			return i;
	request_refuse(request, "Unknown oddity \"%.40s\"", how);
	return SHORT;
}

/* Where an argument lies of which only the first bytes are there. */
static void *cut_copy(const void *argument, size_t length)
{
	void *place = memory_before_end(length);

	return place ? memcpy(place, argument, length) : NULL;
}

static int odd_bind(struct request *request, const struct function *function, int iommufd, enum oddity how)
{
	static const unsigned char token[16] = { 1 };
	struct {
		struct vfio_device_bind_iommufd bind;
		uint64_t more;
	} argument = { .bind = { .argsz = sizeof(argument.bind), .iommufd = iommufd } };
	struct vfio_device_bind_iommufd *bind = &argument.bind;
	void *given = bind;

	if (how == SHORT)
		bind->argsz = offsetof(struct vfio_device_bind_iommufd, out_devid);
	else if (how == LONG)
		bind->argsz = sizeof(argument), argument.more = 1;
	else if (how == FLAG)
		bind->flags = 1u << 30;
	else if (how == NEGATIVE)
		bind->iommufd = -1;
	else if (how == CLOSED)
		bind->iommufd = 1000;
	else if (how == OTHER)
		bind->iommufd = function->device;
	else if (how == TOKEN || how == CUT_TOKEN)
		bind->flags = VFIO_DEVICE_BIND_FLAG_TOKEN;
	if (how == TOKEN)
		bind->token_uuid_ptr = (uintptr_t)token;
	else if (how == CUT_TOKEN)
		bind->token_uuid_ptr = (uintptr_t)memory_before_end(8);
	else if (how == CUT)
		given = cut_copy(bind, offsetof(struct vfio_device_bind_iommufd, out_devid));
	else if (how == UNWRITABLE)
		given = unwritable_copy(bind, sizeof(*bind));
	return system_call(request, ioctl(function->device, VFIO_DEVICE_BIND_IOMMUFD, given));
}

static int odd_attach(struct request *request, const struct function *function, uint32_t to, enum oddity how)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach), .pt_id = to, .pasid = 1 };
	const size_t first_form = offsetof(struct vfio_device_attach_iommufd_pt, pasid);
	void *given = &attach;

	if (how == SHORT)
		attach.argsz = first_form - 1;
	else if (how == FLAG)
		attach.flags = 1u << 30;
	else if (how == SHORT_PASID || how == CUT_PASID)
		attach.flags = VFIO_DEVICE_ATTACH_PASID;
	if (how == SHORT_PASID)
		attach.argsz = first_form;
	else if (how == CUT)
		given = cut_copy(&attach, first_form - 1);
	else if (how == CUT_PASID)
		given = cut_copy(&attach, first_form);
	else if (how == UNWRITABLE)
		given = unwritable_copy(&attach, sizeof(attach));
	return system_call(request, ioctl(function->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, given));
}

static int odd_detach(struct request *request, const struct function *function, enum oddity how)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach), .pasid = 1 };
	const size_t first_form = offsetof(struct vfio_device_detach_iommufd_pt, pasid);
	void *given = &detach;

	if (how == SHORT)
		detach.argsz = first_form - 1;
	else if (how == FLAG)
		detach.flags = 1u << 30;
	else if (how == SHORT_PASID || how == CUT_PASID)
		detach.flags = VFIO_DEVICE_DETACH_PASID;
	if (how == SHORT_PASID)
		detach.argsz = first_form;
	else if (how == CUT)
		given = cut_copy(&detach, first_form - 1);
	else if (how == CUT_PASID)
		given = cut_copy(&detach, first_form);
	return system_call(request, ioctl(function->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, given));
}

int odd_call(struct agent *agent, struct request *request)
{
	struct function *function = take_open_function(&agent->table, request);
	struct page_table *to = request_has(request, "to") ? take_page_table(&agent->table, request, "to") : NULL;
	const char *call = take_string(request, "call");
	enum oddity how = take_oddity(request);
	struct iommufd *iommufd = NULL;
	int error;

	if (request_refused(request))
		return REFUSED;
	if (!strcmp(call, "attach"))
		return odd_attach(request, function, to ? to->id : 0, how);
	if (!strcmp(call, "detach"))
		return odd_detach(request, function, how);
	if (strcmp(call, "bind-iommufd"))
		return request_refuse(request, "Unknown call \"%.40s\"", call);
	error = open_iommufd(agent, request, MAIN_IOMMUFD, &iommufd);
	return error ? error : odd_bind(request, function, iommufd->fd, how);
}
