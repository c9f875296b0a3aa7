/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_EVENTFDS_H
#define ZHIL_EVENTFDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Descriptors that may come with one message. */
#define FDS_LIMIT	64

void eventfds_begin(void);
void keep_descriptors(struct msghdr *header);
size_t bytes_wanted(void);
bool follow_messages(const unsigned char *bytes, size_t length);
int signal_vector(unsigned long vector);

#endif
