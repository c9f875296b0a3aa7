/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_INIT_H
#define ZHIL_INIT_H

void init_system(void);

void complain(const char *what, const char *about, int error);

/* modules.c */
void load_modules(void);

#endif
