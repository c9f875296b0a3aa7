/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_WORKER_H
#define ZHIL_WORKER_H

#include <stdbool.h>

#include "channel.h"

int worker_run(struct channel *channel, bool reconnects);

#endif
