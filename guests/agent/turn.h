/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_TURN_H
#define ZHIL_TURN_H

void be_first(void);
void be_one_of_many(void);
void be_last(void);

#endif
