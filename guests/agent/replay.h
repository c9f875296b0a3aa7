/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_REPLAY_H
#define ZHIL_REPLAY_H

/* Where a machine that is a reproducer has its operations. */
#define REPLAY_FILE	"/replay"

_Noreturn void replay(const char *path);

#endif
