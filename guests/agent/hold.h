/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_HOLD_H
#define ZHIL_HOLD_H

#include "agent.h"

void hold(struct agent *agent, struct request *request);

#endif
