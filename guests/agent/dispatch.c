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
 * enum settling - how far what an operation causes may reach beyond its call
 * @AT_ONCE: no further
 * @LATER: something of it may go on behind the call, and then tells of itself
 * @EVENTS: it may cause an error event
 * @LIVES: it may, or has the kernel's threads do something, and functions may have another driver or handle than before
 */
enum settling { AT_ONCE, LATER, EVENTS, LIVES };

/**
 * struct operation - an operation by its name
 * @settles: whether to wait until the kernel is quiet
 */
struct operation {
	const char *name;
	perform_fn *perform;
	enum settling settles;
};

static const struct operation operations[] = {
	{ "define-function", define_function, LIVES },
	{ "define-buffer", define_buffer, AT_ONCE },
	{ "seed", seed, AT_ONCE },
	{ "find-symbols", find_symbols, AT_ONCE },
	{ "gcov-reset", gcov_reset, AT_ONCE },
	{ "gcov-read", gcov_read, AT_ONCE },
	{ "trace-places", trace_places, AT_ONCE },
	{ "run-program", run_program, LIVES },
	{ "quit", quit, LIVES },

	{ "bind", bind_function, LIVES },
	{ "unbind", unbind_function, LIVES },
	{ "power", power, LIVES },
	{ "sysfs-reset", sysfs_reset, LIVES },
	{ "recover", recover, LIVES },
	{ "reset-method", reset_method, AT_ONCE },
	{ "domain-type", domain_type, LIVES },
	{ "group", group_view, AT_ONCE },
	{ "churn", churn, LIVES },

	{ "drive", drive, LIVES },
	{ "block-read", block_read, LIVES },
	{ "block-write", block_write, LIVES },
	{ "counters-reset", counters_reset, AT_ONCE },
	{ "await-flush", await_flush, LIVES },

	{ "open", open_device, LIVES },
	{ "close", close_device, LIVES },
	{ "unplug", unplug, AT_ONCE },
	{ "event", event, LIVES },
	{ "remove", remove_function, LIVES },
	{ "await-removal", await_removal, LIVES },
	{ "bind-iommufd", bind_iommufd, LIVES },
	{ "attach", attach, LATER },
	{ "replace", attach, LATER },
	{ "detach", detach, LATER },

	{ "ioas-alloc", ioas_alloc, AT_ONCE },
	{ "ioas-map", ioas_map, LATER },
	{ "ioas-unmap", ioas_unmap, LATER },
	{ "ioas-copy", ioas_copy, LATER },
	{ "iova-ranges", iova_ranges, AT_ONCE },
	{ "huge-pages", huge_pages, AT_ONCE },
	{ "hwpt-alloc", hwpt_alloc, LATER },
	{ "destroy", destroy, LATER },
	{ "iommufd-close", iommufd_close, LIVES },

	{ "container-open", container_open, AT_ONCE },
	{ "container-close", container_close, LIVES },
	{ "container-set-iommu", container_set_iommu, LATER },
	{ "container-info", container_info, AT_ONCE },
	{ "container-map", container_map, LATER },
	{ "container-unmap", container_unmap, LATER },
	{ "group-open", group_open, AT_ONCE },
	{ "group-close", group_close, LIVES },
	{ "group-set-container", group_set_container, LATER },
	{ "group-unset-container", group_unset_container, LATER },
	{ "group-get-device", group_get_device, LIVES },

	{ "device-info", device_info, AT_ONCE },
	{ "reset", device_reset, LIVES },
	{ "hot-reset-info", hot_reset_info, AT_ONCE },
	{ "hot-reset", hot_reset, LIVES },
	{ "interrupts-enable", interrupts_enable, EVENTS },
	{ "interrupts-disable", interrupts_disable, EVENTS },
	{ "interrupts-count", interrupts_count, LATER },
	{ "errors-enable", errors_enable, AT_ONCE },
	{ "errors-told", errors_told, AT_ONCE },

	{ "bus-master", bus_master, EVENTS },
	{ "nvme-enable", nvme_enable, EVENTS },
	{ "queues-enable", queues_enable, EVENTS },
	{ "nvme-identify", nvme_identify, EVENTS },
	{ "dma-write", dma_write, EVENTS },
	{ "dma-read", dma_read, EVENTS },

	{ "mock-create", mock_create, AT_ONCE },
	{ "mock-replace", mock_replace, LATER },
	{ "mock-check", mock_check, AT_ONCE },
	{ "mock-hwpt-alloc", mock_hwpt_alloc, AT_ONCE },
	{ "mock-pasid-attach", mock_pasid_attach, AT_ONCE },
	{ "mock-pasid-replace", mock_pasid_replace, AT_ONCE },
	{ "mock-pasid-detach", mock_pasid_detach, AT_ONCE },
	{ "mock-pasid-check", mock_pasid_check, AT_ONCE },
	{ "access-create", access_create, AT_ONCE },
	{ "access-replace", access_replace, AT_ONCE },
	{ "access-pin", access_pin, AT_ONCE },
	{ "access-unpin", access_unpin, AT_ONCE },
	{ "access-read", access_read, AT_ONCE },
	{ "access-write", access_write, AT_ONCE },
	{ "access-close", access_close, AT_ONCE },
	{ "page-pins", page_pins, AT_ONCE },
	{ "iova-reserve", iova_reserve, AT_ONCE },
	{ "iova-allow", iova_allow, AT_ONCE },
	{ "option-get", option_get, AT_ONCE },
	{ "option-set", option_set, AT_ONCE },
	{ "hw-info", hw_info, AT_ONCE },
	{ "vfio-ioas-set", vfio_ioas_set, AT_ONCE },
	{ "vfio-ioas-get", vfio_ioas_get, AT_ONCE },
	{ "pasid-attach", pasid_attach, LATER },
	{ "pasid-detach", pasid_detach, LATER },
	{ "odd-call", odd_call, LIVES },
	{ "fault-queue-alloc", fault_queue_alloc, AT_ONCE },
	{ "fault-raise", fault_raise, AT_ONCE },
	{ "fault-read", fault_read, AT_ONCE },
	{ "fault-respond", fault_respond, AT_ONCE },
	{ "viommu-alloc", viommu_alloc, AT_ONCE },
	{ "vdevice-alloc", vdevice_alloc, AT_ONCE },
	{ "hw-queue-alloc", hw_queue_alloc, AT_ONCE },
	{ "event-queue-alloc", event_queue_alloc, AT_ONCE },
	{ "event-raise", event_raise, AT_ONCE },
	{ "event-read", event_read, AT_ONCE },
	{ "queue-poll", queue_poll, AT_ONCE },
	{ "queue-close", queue_close, AT_ONCE },

	{ "fill", fill, AT_ONCE },
	{ "look", look, EVENTS },
	{ "pinned", pinned, AT_ONCE },
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

/* How much is looked at and said; what may go on behind an operation is not passed by. */
static enum manner take_manner(struct request *request, const struct operation *operation)
{
	bool quick = take_bool_or(request, "quick", false), passing = take_bool_or(request, "passing", false);

	if (passing && operation->settles != LIVES)
		return IN_PASSING;
	return quick ? BRIEFLY : FULLY;
}

/* Wait for what goes on behind an operation, and take what is new. */
static bool settle(struct observer *observer, const struct operation *operation, enum manner manner)
{
	if (manner == IN_PASSING)
		return true;
	if (operation->settles >= EVENTS || (operation->settles == LATER && manner == FULLY))
		return manner == FULLY ? observe_settle(observer) : observe_settle_quickly(observer);
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
	enum manner manner;
	uint64_t since;
	bool ahead;
	int result;

	name = take_string(request, "op");
	operation = find_operation(name);
	if (!operation) {
		request_refuse(request, "Unknown operation \"%.40s\"", name);
		return refusal(request, answer);
	}
	ahead = take_bool_or(request, "ahead", false);
	manner = take_manner(request, operation);
	fail_nth_take(&agent->fail, request, manner == FULLY);
	request->holds = take_bool_or(request, "holds", false);
	if (*request->error)
		return refusal(request, answer);

	since = clock_micros();
	if (ahead || request->holds)
		be_first();
	places_begin(&agent->places);
	fail_nth_arm(&agent->fail);
	result = operation->perform(agent, request);
	fail_nth_disarm(&agent->fail, request);
	places_take(&agent->places);
	if (ahead || request->holds)
		be_one_of_many();
	if (result == REFUSED)
		return refusal(request, answer);
	json_object_set_new(answer, "result", json_string(errno_name(result, unnamed)));
	if (manner == FULLY || json_object_size(request->values))
		json_object_set(answer, "values", request->values);
	json_object_set_new(answer, "micros", json_integer(clock_micros() - since));

	if (!settle(&agent->observer, operation, manner))
		json_object_set_new(answer, "settled", json_false());
	observe_shorten(&agent->observer);
	observe_report(&agent->observer, &agent->table, manner, answer);
	places_report(&agent->places, answer);
	return answer;
}
