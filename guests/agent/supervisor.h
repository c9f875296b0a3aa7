/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_SUPERVISOR_H
#define ZHIL_SUPERVISOR_H

#include <sys/types.h>

_Noreturn void supervise(pid_t worker, int port);
void supervisor_signals(void);

#endif
