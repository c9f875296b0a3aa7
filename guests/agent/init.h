/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_INIT_H
#define ZHIL_INIT_H

void init_system(void);

#endif
