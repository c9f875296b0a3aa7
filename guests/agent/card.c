// SPDX-License-Identifier: MIT
/*
 * Frames through a network card over VFIO: what it sends comes back to it, so that it reads one page and writes another.
 */
#include <endian.h>
#include <string.h>

#include "patience.h"
#include "region.h"
#include "table.h"

/* The command of a descriptor of a frame to send: its end, with a checksum, and to be said when it is done */
#define SEND_COMMAND	(1u << 24 | 1u << 25 | 1u << 27)
/* Of an advanced descriptor: that it is one, and of data; and where its length stands once more */
#define SEND_ADVANCED	(1u << 29 | 3u << 20)
#define SEND_TOTAL_SHIFT	14
#define DONE		(1u << 0)

/* A descriptor as both directions and both kinds have it: an address, and two words that mean different things */
struct descriptor {
	uint64_t address;
	uint32_t lower;
	uint32_t upper;
};

int card_read(const struct function *function, uint32_t offset, uint32_t *value)
{
	return region_read(function, function->card.bar + offset, 4, value);
}

int card_write(const struct function *function, uint32_t offset, uint32_t value)
{
	return region_write(function, function->card.bar + offset, 4, value);
}

static bool is_done(const uint32_t *word)
{
	return le32toh(__atomic_load_n(word, __ATOMIC_ACQUIRE)) & DONE;
}

/*
 * Whether the card is through with all it was given, whatever came of it, or will never be: it is off, or gone.
 */
static int is_over(const struct function *function, bool *over)
{
	const struct card *card = &function->card;
	uint32_t head, control = 0;
	int error = card_read(function, card->transmit + RING_HEAD, &head);

	if (!error)
		error = card_read(function, CARD_TCTL, &control);
	*over = head == CARD_GONE || head == card->frames % CARD_SLOTS || !(control & CARD_ENABLE);
	return error;
}

/**
 * card_loop - have the card read a page, and write it to another
 */
int card_loop(struct function *function, uint64_t from, uint64_t to, struct outcome *outcome)
{
	struct card *card = &function->card;
	unsigned char *pages = function->queues->memory;
	const uint32_t slot = card->frames % CARD_SLOTS;
	struct descriptor *sent = (struct descriptor *)(pages + CARD_TRANSMIT) + slot;
	struct descriptor *received = (struct descriptor *)(pages + CARD_RECEIVE) + slot;
	/* An advanced descriptor that is done has its status before its length, any other after it. */
	const uint32_t *received_status = card->advanced ? &received->lower : &received->upper;
	struct patience patience = { 0 };
	bool over = false;
	int error;

	memset(outcome, 0, sizeof(*outcome));
	*received = (struct descriptor) { .address = htole64(to) };
	*sent = (struct descriptor) {
		.address = htole64(from),
		.lower = htole32(PAGE_SIZE | SEND_COMMAND | (card->advanced ? SEND_ADVANCED : 0)),
		.upper = htole32(card->advanced ? PAGE_SIZE << SEND_TOTAL_SHIFT : 0),
	};
	card->frames++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	error = card_write(function, card->receive + RING_TAIL, card->frames % CARD_SLOTS);
	if (!error)
		error = card_write(function, card->transmit + RING_TAIL, card->frames % CARD_SLOTS);
	while (!error) {
		bool last = over;

		/* What is received is written before it is said that all is sent. */
		if (is_done(&sent->upper)) {
			outcome->completed = is_done(received_status) ? COMPLETED_SUCCESS : COMPLETED_ERROR;
			break;
		}
		if (last)
			break;
		/* Looked at once more after the wait is over. */
		error = is_over(function, &over);
		over = over || !keep_waiting(&patience);
	}
	return error ? error : card_read(function, CARD_STATUS, &outcome->condition);
}
