/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_CARD_H
#define ZHIL_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "queues.h"

struct buffer;
struct table;
struct function;

/**
 * struct card - a network card of Intel's, whose frames come back to it
 * @advanced: its descriptors are advanced ones, igb's, not legacy ones
 * @bar: where BAR 0 begins in the VFIO device's file
 * @rings: IOVA of the function's queue pages
 * @receive: registers of its first ring of received frames, as an offset into BAR 0
 * @transmit: the same of frames to send
 * @frames: how many were sent since the rings were set up
 */
struct card {
	bool advanced;
	uint64_t bar;
	uint64_t rings;
	uint32_t receive;
	uint32_t transmit;
	uint32_t frames;
};

/* card.c */
int card_read(const struct function *function, uint32_t offset, uint32_t *value);
int card_write(const struct function *function, uint32_t offset, uint32_t value);
int card_loop(struct function *function, uint64_t from, uint64_t to, struct outcome *outcome);

/* card-start.c */
int card_start(struct function *function, uint64_t rings_iova, enum queues_state *state, const char **step);
void card_stop(struct function *function);
struct buffer *card_blocks(struct table *table, const struct function *function);

/* Places in either ring; the least that a card takes. */
#define CARD_SLOTS	8
#define CARD_DESCRIPTOR	16

/* Rings are in the first queue page, what is sent for a test, or from a block, in the second, what is kept in the third. */
#define CARD_TRANSMIT	0x0
#define CARD_RECEIVE	0x400
#define CARD_OUTGOING	0x1000
#define CARD_INCOMING	0x2000

/* Registers, as offsets into BAR 0 */
#define CARD_CTRL	0x0000
#define CARD_STATUS	0x0008
#define CARD_MDIC	0x0020
#define CARD_RCTL	0x0100
#define CARD_TCTL	0x0400
#define CARD_RLPML	0x5004

/* Registers of a ring, as offsets into them */
#define RING_LOW	0x00
#define RING_HIGH	0x04
#define RING_LENGTH	0x08
#define RING_SPLIT	0x0c
#define RING_HEAD	0x10
#define RING_TAIL	0x18
#define RING_CONTROL	0x28

#define CARD_ENABLE	(1u << 1)
#define CARD_GONE	0xffffffffu

#endif
