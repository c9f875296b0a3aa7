/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_DISPATCH_H
#define ZHIL_DISPATCH_H

#include "agent.h"

json_t *dispatch(struct agent *agent, struct request *request);

#endif
