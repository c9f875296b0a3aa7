// SPDX-License-Identifier: MIT
/*
 * Bringing a network card up: a ring in each direction, and what it sends given back to it.
 */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include "region.h"
#include "table.h"

/* Blocks that a card has: as many as media are made with */
#define BLOCKS	256

#define CTRL_LINK_UP	(1u << 6)
#define CTRL_RESET	(1u << 26)
#define STATUS_LINK_UP	(1u << 1)

/* Whatever its address and however long, in one buffer of a page, without the checksum; and what is sent comes back */
#define RCTL_ALL	(1u << 3 | 1u << 4 | 1u << 5 | 1u << 15)
#define RCTL_LOOP	(1u << 6)
#define RCTL_PAGE	(3u << 16 | 1u << 25)
#define RCTL_STRIP	(1u << 26)

/* Of igb alone: a ring is switched on by itself; buffers in KiB, advanced descriptors of one; the longest frame */
#define RING_ENABLE	(1u << 25)
#define SPLIT_PAGE	(PAGE_SIZE >> 10 | 1u << 25)
#define LONGEST		0x2000

/* The PHY's control register, written by the management interface: negotiate, and now */
#define MDIC_NEGOTIATE	(1u << 26 | 1u << 21 | 0u << 16 | 0x1200)

/* Cards by vendor and device, as configuration space begins; the names are those of Linux */
#define IGB		0x10c98086u
#define E1000E		0x10d38086u

static int identify(struct function *function)
{
	struct card *card = &function->card;
	uint32_t device = 0;
	int error = read_config(function, 0, &device, sizeof(device));

	device = le32toh(device);
	if (!error && device != IGB && device != E1000E)
		error = ENXIO;
	card->advanced = device == IGB;
	card->receive = card->advanced ? 0xc000 : 0x2800;
	card->transmit = card->advanced ? 0xe000 : 0x3800;
	return error ? error : find_region(function, VFIO_PCI_BAR0_REGION_INDEX, &card->bar);
}

/* Wait until bits of a register are as wanted. */
static int await_bits(struct function *function, uint32_t offset, uint32_t bits, uint32_t wanted,
		      enum queues_state *state)
{
	const struct sign sign = {
		.at = function->card.bar + offset,
		.size = 4,
		.bits = bits,
		.ready = wanted,
		.gone = CARD_GONE,
	};

	return await_sign(function, &sign, state);
}

static int reset_card(struct function *function, enum queues_state *state)
{
	int error = card_write(function, CARD_CTRL, CTRL_RESET);

	return error ? error : await_bits(function, CARD_CTRL, CTRL_RESET, 0, state);
}

/**
 * card_stop - reset a card that left a frame without an answer
 */
void card_stop(struct function *function)
{
	enum queues_state state;

	reset_card(function, &state);
}

static int bring_link_up(struct function *function, enum queues_state *state)
{
	uint32_t control;
	int error = card_read(function, CARD_CTRL, &control);

	if (!error)
		error = card_write(function, CARD_CTRL, control | CTRL_LINK_UP);
	if (!error && function->card.advanced)
		error = card_write(function, CARD_MDIC, MDIC_NEGOTIATE);
	return error ? error : await_bits(function, CARD_STATUS, STATUS_LINK_UP, STATUS_LINK_UP, state);
}

static int set_up_ring(struct function *function, uint32_t ring, uint64_t iova)
{
	const bool advanced = function->card.advanced;
	int error = card_write(function, ring + RING_LOW, iova);

	if (!error)
		error = card_write(function, ring + RING_HIGH, iova >> 32);
	if (!error)
		error = card_write(function, ring + RING_LENGTH, CARD_SLOTS * CARD_DESCRIPTOR);
	if (!error && advanced && ring == function->card.receive)
		error = card_write(function, ring + RING_SPLIT, SPLIT_PAGE);
	if (!error && advanced)
		error = card_write(function, ring + RING_CONTROL, RING_ENABLE);
	if (!error)
		error = card_write(function, ring + RING_HEAD, 0);
	return error ? error : card_write(function, ring + RING_TAIL, 0);
}

static int set_up_rings(struct function *function, uint64_t iova)
{
	struct card *card = &function->card;
	int error;

	memset(function->queues->memory, 0, QUEUE_PAGES * PAGE_SIZE);
	card->rings = iova;
	card->frames = 0;
	function->driven = QUEUES_CARD;
	error = set_up_ring(function, card->receive, iova + CARD_RECEIVE);
	if (!error)
		error = set_up_ring(function, card->transmit, iova + CARD_TRANSMIT);
	if (!error && card->advanced)
		error = card_write(function, CARD_RLPML, LONGEST);
	if (!error)
		error = card_write(function, CARD_RCTL, CARD_ENABLE | RCTL_ALL | RCTL_LOOP | RCTL_PAGE | RCTL_STRIP);
	return error ? error : card_write(function, CARD_TCTL, CARD_ENABLE);
}

/**
 * card_blocks - what a card has in place of a medium; NULL where there is no room for it
 *
 * They are as the media of others are made: each is a pattern that says which it is. They outlive whatever resets the card.
 */
struct buffer *card_blocks(struct table *table, const struct function *function)
{
	char name[NAME_SIZE];
	struct buffer *blocks;

	snprintf(name, sizeof(name), "%.30s.blocks", function->name);
	blocks = find_buffer(table, name);
	if (blocks)
		return blocks;
	blocks = add_buffer(table, name, BLOCKS, false);
	for (uint32_t block = 0; blocks && block < BLOCKS; block++) {
		snprintf(name, sizeof(name), "block:%.30s:%u", function->name, block);
		pattern_fill(blocks->memory + (size_t)block * PAGE_SIZE, name);
	}
	return blocks;
}

/* A frame that is the rings' own affair says whether the card can get at them. */
static int try_rings(struct function *function, enum queues_state *state)
{
	const uint64_t rings = function->card.rings;
	struct outcome outcome;
	int error = card_loop(function, rings + CARD_OUTGOING, rings + CARD_INCOMING, &outcome);

	*state = state_after(&outcome, 0, CARD_GONE);
	return error;
}

/**
 * card_start - reset the card and set up its first rings
 * @rings_iova: where the function's queue pages are mapped
 * @state: how far it came
 * @step: what it was at last
 *
 * Return: 0, whatever the state; the errno where the device could not be accessed.
 */
int card_start(struct function *function, uint64_t rings_iova, enum queues_state *state, const char **step)
{
	int error;

	*step = "config";
	error = change_command(function, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (!error)
		error = identify(function);
	if (error)
		return error;
	*step = "reset";
	error = reset_card(function, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "link";
	error = bring_link_up(function, state);
	if (error || *state != QUEUES_READY)
		return error;
	*step = "rings";
	error = set_up_rings(function, rings_iova);
	return error ? error : try_rings(function, state);
}
