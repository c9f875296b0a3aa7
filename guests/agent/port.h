/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_PORT_H
#define ZHIL_PORT_H

int port_open(const char *name);

#endif
