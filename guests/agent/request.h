/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_REQUEST_H
#define ZHIL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define COUNT_LIMIT	65536

/* What an operation returns where no answer was had; the reason is in the request. */
#define REFUSED		(-1)

/**
 * struct request - one request being served
 * @kept: the request as it was read; owns the memory of every string taken from it
 * @left: the fields that nobody has taken yet
 * @values: what the operation returns
 * @error: why there is no answer; empty while nothing is wrong
 * @quit: the worker ends after this request
 * @holds: the host is to be asked before the kernel hears of what became of it
 *
 * Fields are taken with the take_ functions below. The first field that is missing or of the wrong type sets @error, and
 * later ones change nothing; an operation takes all its fields and asks request_refused() once before it acts.
 */
struct request {
	json_t *kept;
	json_t *left;
	json_t *values;
	char error[256];
	bool quit;
	bool holds;
};

int request_open(struct request *request, const char *body, size_t length);
void request_close(struct request *request);

bool request_refused(struct request *request);
int request_refuse(struct request *request, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool request_has(const struct request *request, const char *field);
const char *take_string(struct request *request, const char *field);
const char *take_name(struct request *request, const char *field);
const char *take_name_or(struct request *request, const char *field, const char *fallback);
uint64_t take_hex(struct request *request, const char *field);
uint32_t take_number(struct request *request, const char *field, uint32_t limit);
uint32_t take_count_or(struct request *request, const char *field, uint32_t fallback);
bool take_bool(struct request *request, const char *field);
bool take_bool_or(struct request *request, const char *field, bool fallback);
json_t *take_array_or_none(struct request *request, const char *field);

void value_number(struct request *request, const char *key, json_int_t value);
void value_string(struct request *request, const char *key, const char *value);
void value_hex(struct request *request, const char *key, uint64_t value);
json_t *json_hex(uint64_t value);

int step_failed(struct request *request, const char *step, int error);
int system_call(struct request *request, long returned);

#endif
