// SPDX-License-Identifier: MIT
/*
 * How far a device came, whatever its kind.
 */
#include "patience.h"
#include "queues.h"
#include "region.h"

static enum queues_state read_sign(const struct sign *sign, uint32_t value)
{
	if (value == sign->gone)
		return QUEUES_GONE;
	if (value & sign->failed)
		return QUEUES_FAILED;
	return (value & sign->bits) == sign->ready ? QUEUES_READY : QUEUES_TIMEOUT;
}

/**
 * await_sign - wait until a register says that the device is ready, that it failed, or that it is gone
 *
 * Return: 0, whatever the state; the errno where the device could not be accessed.
 */
int await_sign(const struct function *function, const struct sign *sign, enum queues_state *state)
{
	struct patience patience = { 0 };
	uint32_t value;

	do {
		int error = region_read(function, sign->at, sign->size, &value);

		if (error)
			return error;
		*state = read_sign(sign, value);
	} while (*state == QUEUES_TIMEOUT && keep_waiting(&patience));
	return 0;
}

/**
 * state_after - how far a device came that was to show that its queues work
 * @outcome: of the command it was given for that
 * @failed: bits of its status register of which any says that it failed
 * @gone: what is read of that register when the device is out of reach
 */
enum queues_state state_after(const struct outcome *outcome, uint32_t failed, uint32_t gone)
{
	if (outcome->completed == COMPLETED_SUCCESS)
		return QUEUES_READY;
	if (outcome->condition == gone)
		return QUEUES_GONE;
	if (outcome->completed == COMPLETED_ERROR || (outcome->condition & failed))
		return QUEUES_FAILED;
	return QUEUES_TIMEOUT;
}
