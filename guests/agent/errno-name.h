/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_ERRNO_NAME_H
#define ZHIL_ERRNO_NAME_H

#define ERRNO_NAME_SIZE	24

const char *errno_name(int error, char buffer[ERRNO_NAME_SIZE]);

#endif
