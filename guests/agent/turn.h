/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_TURN_H
#define ZHIL_TURN_H

#include <stdbool.h>

void be_first(void);
void be_one_of_many(void);
bool turn_start(void);
void wait_for_last_turn(void);

#endif
