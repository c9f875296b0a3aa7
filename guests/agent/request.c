// SPDX-License-Identifier: MIT
/*
 * A request's fields, checked as they are taken, and the values of its answer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "request.h"

#define NAME_LIMIT	31

/**
 * request_open - parse a request
 *
 * Return: 0; %REFUSED with the reason in @request->error. The request is to be closed either way.
 */
int request_open(struct request *request, const char *body, size_t length)
{
	json_error_t error;

	memset(request, 0, sizeof(*request));
	request->values = json_object();
	request->kept = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);
	if (!request->kept)
		return request_refuse(request, "Cannot parse the request: %s at byte %d", error.text, error.position);
	if (!json_is_object(request->kept))
		return request_refuse(request, "Cannot parse the request: it is no object");
	request->left = json_copy(request->kept);
	if (!request->left || !request->values)
		return request_refuse(request, "Cannot serve the request: no memory");
	return 0;
}

/**
 * request_close - free what request_open() made
 */
void request_close(struct request *request)
{
	json_decref(request->left);
	json_decref(request->kept);
	json_decref(request->values);
}

/**
 * request_refuse - say why there is no answer; the first reason stays
 *
 * Return: always %REFUSED.
 */
int request_refuse(struct request *request, const char *format, ...)
{
	va_list arguments;

	if (!*request->error) {
		va_start(arguments, format);
		vsnprintf(request->error, sizeof(request->error), format, arguments);
		va_end(arguments);
	}
	return REFUSED;
}

/**
 * request_refused - whether a field was wrong, or one was given that nobody takes
 */
bool request_refused(struct request *request)
{
	const char *unknown = json_object_iter_key(json_object_iter(request->left));

	if (!*request->error && unknown)
		request_refuse(request, "Unknown field \"%.40s\"", unknown);
	return *request->error;
}

/**
 * request_has - whether a field is still to be taken
 */
bool request_has(const struct request *request, const char *field)
{
	return json_object_get(request->left, field);
}

/* The value lives as long as the request: @kept holds it, too. */
static json_t *take(struct request *request, const char *field)
{
	json_t *value = json_object_get(request->left, field);

	if (value)
		json_object_del(request->left, field);
	else
		request_refuse(request, "Missing field \"%s\"", field);
	return value;
}

/**
 * take_string - a field that holds text
 *
 * Return: the text; an empty one where the field is wrong.
 */
const char *take_string(struct request *request, const char *field)
{
	json_t *value = take(request, field);

	if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
		return json_string_value(value);
	request_refuse(request, "Field \"%s\" is no text", field);
	return "";
}

/**
 * take_name - a field that holds a name: at most 31 characters, not empty
 */
const char *take_name(struct request *request, const char *field)
{
	const char *name = take_string(request, field);

	if (!*name || strlen(name) > NAME_LIMIT)
		request_refuse(request, "Field \"%s\" is no name of 1 to %d characters", field, NAME_LIMIT);
	return name;
}

const char *take_name_or(struct request *request, const char *field, const char *fallback)
{
	return request_has(request, field) ? take_name(request, field) : fallback;
}

/**
 * take_hex - a field that holds an unsigned 64-bit number as `0x…`
 */
uint64_t take_hex(struct request *request, const char *field)
{
	const char *text = take_string(request, field);
	uint64_t value = 0;
	size_t digits = 0;

	if (text[0] == '0' && text[1] == 'x')
		digits = strspn(text + 2, "0123456789abcdef");
	if (digits < 1 || digits > 16 || text[2 + digits])
		request_refuse(request, "Field \"%s\" is no number such as 0x1000", field);
	else
		sscanf(text + 2, "%" SCNx64, &value);
	return value;
}

/**
 * take_number - a field that holds a number from 0 to @limit
 */
uint32_t take_number(struct request *request, const char *field, uint32_t limit)
{
	json_t *value = take(request, field);
	json_int_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= 0 && number <= (json_int_t)limit)
		return number;
	request_refuse(request, "Field \"%s\" is no number from 0 to %" PRIu32, field, limit);
	return 0;
}

uint32_t take_count_or(struct request *request, const char *field, uint32_t fallback)
{
	return request_has(request, field) ? take_number(request, field, COUNT_LIMIT) : fallback;
}

bool take_bool(struct request *request, const char *field)
{
	json_t *value = take(request, field);

	if (!json_is_boolean(value))
		request_refuse(request, "Field \"%s\" is neither true nor false", field);
	return json_is_true(value);
}

bool take_bool_or(struct request *request, const char *field, bool fallback)
{
	return request_has(request, field) ? take_bool(request, field) : fallback;
}

/**
 * take_array_or_none - a field that holds a list, NULL where it is absent or wrong
 */
json_t *take_array_or_none(struct request *request, const char *field)
{
	json_t *value;

	if (!request_has(request, field))
		return NULL;
	value = take(request, field);
	if (json_is_array(value))
		return value;
	request_refuse(request, "Field \"%s\" is no list", field);
	return NULL;
}

void value_number(struct request *request, const char *key, json_int_t value)
{
	json_object_set_new(request->values, key, json_integer(value));
}

void value_string(struct request *request, const char *key, const char *value)
{
	json_object_set_new(request->values, key, json_string(value));
}

/**
 * json_hex - a number as the text `0x…`
 */
json_t *json_hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

void value_hex(struct request *request, const char *key, uint64_t value)
{
	json_object_set_new(request->values, key, json_hex(value));
}

/**
 * step_failed - a preparing step failed, so the system call under test was not made
 *
 * Return: @error, to be passed on.
 */
int step_failed(struct request *request, const char *step, int error)
{
	value_string(request, "step", step);
	return error;
}

/**
 * system_call - what came of the system call under test
 * @returned: what it returned; errno is read where that is negative
 *
 * Return: 0 or the errno. Where the call succeeds with something else than 0, that is a value of the answer.
 */
int system_call(struct request *request, long returned)
{
	if (returned < 0)
		return errno;
	if (returned > 0)
		value_number(request, "returned", returned);
	return 0;
}
