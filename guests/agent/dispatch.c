// SPDX-License-Identifier: MIT
/*
 * From a request to the operation it names, and from what came of it to the answer.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "dispatch.h"
#include "errno-name.h"
#include "operations.h"
#include "turn.h"

/**
 * struct operation - an operation by its name
 * @settles: it may cause an error event, or work that goes on behind it: wait until the kernel is quiet
 */
struct operation {
	const char *name;
	perform_fn *perform;
	bool settles;
};

static const struct operation operations[] = {
	{ "define-function", define_function, true },
	{ "define-buffer", define_buffer, false },
	{ "seed", seed, false },
	{ "find-symbols", find_symbols, false },
	{ "gcov-reset", gcov_reset, false },
	{ "gcov-read", gcov_read, false },
	{ "run-program", run_program, true },
	{ "quit", quit, true },

	{ "bind", bind_function, true },
	{ "unbind", unbind_function, true },
	{ "power", power, true },
	{ "sysfs-reset", sysfs_reset, true },
	{ "recover", recover, true },
	{ "reset-method", reset_method, false },
	{ "domain-type", domain_type, false },
	{ "group", group_view, false },
	{ "churn", churn, true },

	{ "drive", drive, true },
	{ "block-read", block_read, true },
	{ "block-write", block_write, true },
	{ "counters-reset", counters_reset, false },
	{ "await-flush", await_flush, true },

	{ "open", open_device, true },
	{ "close", close_device, true },
	{ "unplug", unplug, false },
	{ "event", event, true },
	{ "remove", remove_function, true },
	{ "await-removal", await_removal, true },
	{ "bind-iommufd", bind_iommufd, true },
	{ "attach", attach, true },
	{ "replace", attach, true },
	{ "detach", detach, true },

	{ "ioas-alloc", ioas_alloc, false },
	{ "ioas-map", ioas_map, true },
	{ "ioas-unmap", ioas_unmap, true },
	{ "ioas-copy", ioas_copy, true },
	{ "iova-ranges", iova_ranges, false },
	{ "huge-pages", huge_pages, false },
	{ "hwpt-alloc", hwpt_alloc, true },
	{ "destroy", destroy, true },
	{ "iommufd-close", iommufd_close, true },

	{ "container-open", container_open, false },
	{ "container-close", container_close, true },
	{ "container-set-iommu", container_set_iommu, true },
	{ "container-info", container_info, false },
	{ "container-map", container_map, true },
	{ "container-unmap", container_unmap, true },
	{ "group-open", group_open, false },
	{ "group-close", group_close, true },
	{ "group-set-container", group_set_container, true },
	{ "group-unset-container", group_unset_container, true },
	{ "group-get-device", group_get_device, true },

	{ "device-info", device_info, false },
	{ "reset", device_reset, true },
	{ "hot-reset-info", hot_reset_info, false },
	{ "hot-reset", hot_reset, true },
	{ "interrupts-enable", interrupts_enable, true },
	{ "interrupts-disable", interrupts_disable, true },
	{ "interrupts-count", interrupts_count, true },

	{ "bus-master", bus_master, true },
	{ "nvme-enable", nvme_enable, true },
	{ "queues-enable", queues_enable, true },
	{ "nvme-identify", nvme_identify, true },
	{ "dma-write", dma_write, true },
	{ "dma-read", dma_read, true },

	{ "mock-create", mock_create, false },
	{ "mock-replace", mock_replace, true },
	{ "mock-check", mock_check, false },
	{ "mock-hwpt-alloc", mock_hwpt_alloc, false },
	{ "mock-pasid-attach", mock_pasid_attach, false },
	{ "mock-pasid-replace", mock_pasid_replace, false },
	{ "mock-pasid-detach", mock_pasid_detach, false },
	{ "mock-pasid-check", mock_pasid_check, false },
	{ "access-create", access_create, false },
	{ "access-replace", access_replace, false },
	{ "access-pin", access_pin, false },
	{ "access-unpin", access_unpin, false },
	{ "access-read", access_read, false },
	{ "access-write", access_write, false },
	{ "access-close", access_close, false },
	{ "page-pins", page_pins, false },
	{ "iova-reserve", iova_reserve, false },
	{ "iova-allow", iova_allow, false },
	{ "option-get", option_get, false },
	{ "option-set", option_set, false },
	{ "hw-info", hw_info, false },
	{ "vfio-ioas-set", vfio_ioas_set, false },
	{ "vfio-ioas-get", vfio_ioas_get, false },
	{ "pasid-attach", pasid_attach, true },
	{ "pasid-detach", pasid_detach, true },
	{ "odd-call", odd_call, true },
	{ "fault-queue-alloc", fault_queue_alloc, false },
	{ "fault-raise", fault_raise, false },
	{ "fault-read", fault_read, false },
	{ "fault-respond", fault_respond, false },
	{ "viommu-alloc", viommu_alloc, false },
	{ "vdevice-alloc", vdevice_alloc, false },
	{ "hw-queue-alloc", hw_queue_alloc, false },
	{ "event-queue-alloc", event_queue_alloc, false },
	{ "event-raise", event_raise, false },
	{ "event-read", event_read, false },
	{ "queue-poll", queue_poll, false },
	{ "queue-close", queue_close, false },

	{ "fill", fill, false },
	{ "look", look, true },
	{ "pinned", pinned, false },
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static json_t *refusal(const struct request *request, json_t *answer)
{
	/* Text of the request may be quoted in the reason, cut in the middle of a character. */
	json_t *error = json_string(request->error);

	json_object_set_new(answer, "error", error ? error : json_string("Cannot say why: not UTF-8"));
	return answer;
}

/* Wait for what goes on behind an operation, and take what is new. */
static bool settle(struct observer *observer, const struct operation *operation, bool quick)
{
	if (operation->settles)
		return quick ? observe_settle_quickly(observer) : observe_settle(observer);
	observe_drain(observer);
	return true;
}

/**
 * dispatch - serve a request
 *
 * Return: the answer; without its `id`, which is nobody's business here.
 */
json_t *dispatch(struct agent *agent, struct request *request)
{
	json_t *answer = json_object();
	const struct operation *operation;
	char unnamed[ERRNO_NAME_SIZE];
	const char *name;
	uint64_t since;
	bool ahead, quick;
	int result;

	name = take_string(request, "op");
	operation = find_operation(name);
	if (!operation)
		request_refuse(request, "Unknown operation \"%.40s\"", name);
	fail_nth_take(&agent->fail, request);
	ahead = take_bool_or(request, "ahead", false);
	quick = take_bool_or(request, "quick", false);
	request->holds = take_bool_or(request, "holds", false);
	if (*request->error)
		return refusal(request, answer);

	since = clock_micros();
	if (ahead || request->holds)
		be_first();
	fail_nth_arm(&agent->fail);
	result = operation->perform(agent, request);
	fail_nth_disarm(&agent->fail, request);
	if (ahead || request->holds)
		be_one_of_many();
	if (result == REFUSED)
		return refusal(request, answer);
	json_object_set_new(answer, "result", json_string(errno_name(result, unnamed)));
	json_object_set(answer, "values", request->values);
	json_object_set_new(answer, "micros", json_integer(clock_micros() - since));

	if (!settle(&agent->observer, operation, quick))
		json_object_set_new(answer, "settled", json_false());
	observe_report(&agent->observer, &agent->table, answer);
	return answer;
}
