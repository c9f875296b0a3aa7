/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_SUPERVISOR_H
#define ZHIL_SUPERVISOR_H

/**
 * typedef work_fn - what a worker does, in a process of its own
 *
 * Return: its exit code.
 */
typedef int work_fn(void);

_Noreturn void supervise(work_fn *work, const char *port_name);

#endif
