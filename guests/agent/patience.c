// SPDX-License-Identifier: MIT
/*
 * Waiting for a device that is polled.
 */
#include <sched.h>

#include "clock.h"
#include "patience.h"

#define YIELD_ROUNDS	100
#define ROUNDS_LEAST	120
/* A live device answers, however busy the machine is; one that is dead says so by a register and is not waited for. */
#define WAIT_MICROS	5000000
#define POLL_MICROS	50

/**
 * keep_waiting - pass a moment, unless the wait is over
 *
 * The limit is both a time and a number of rounds: on a busy machine the time alone may pass before anything was looked at.
 */
bool keep_waiting(struct patience *patience)
{
	if (!patience->rounds++)
		patience->since = clock_micros();
	if (patience->rounds <= YIELD_ROUNDS) {
		sched_yield();
		return true;
	}
	if (patience->rounds > ROUNDS_LEAST && clock_micros() - patience->since > (patience->limit ? patience->limit : WAIT_MICROS))
		return false;
	sleep_micros(POLL_MICROS);
	return true;
}
