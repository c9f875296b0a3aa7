// SPDX-License-Identifier: MIT
/*
 * Where functions of the running kernel are, as it says itself: whatever it was built as and wherever it was put.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operations.h"

#define SYMBOLS_LIMIT	64

/**
 * struct symbol - a symbol that is looked for
 * @count: how often there is one of that name
 */
struct symbol {
	const char *name;
	uint64_t address;
	unsigned int count;
};

static size_t take_symbols(struct request *request, struct symbol *symbols)
{
	json_t *names = take_array_or_none(request, "symbols"), *name;
	size_t i;

	if (json_array_size(names) > SYMBOLS_LIMIT) {
		request_refuse(request, "Field \"symbols\" has more than %d entries", SYMBOLS_LIMIT);
		return 0;
	}
	json_array_foreach(names, i, name) {
		if (!json_is_string(name))
			request_refuse(request, "No text at place %zu of field \"symbols\"", i);
		symbols[i] = (struct symbol){ .name = json_string_value(name) };
	}
	return json_array_size(names);
}

/*
 * Lines such as "000003ffe0127c00 T zpci_refresh_trans", with a tab and the module's name after some. There are tens of
 * thousands: only those that are wanted are looked at closely.
 */
static void read_symbols(FILE *file, struct symbol *symbols, size_t count)
{
	const size_t type = 2 * sizeof(uint64_t) + 1, name = type + 2;
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		size_t length = strcspn(line, "\t\n");

		line[length] = '\0';
		if (length <= name || (line[type] != 't' && line[type] != 'T'))
			continue;
		for (size_t i = 0; i < count; i++) {
			if (strcmp(symbols[i].name, line + name))
				continue;
			symbols[i].address = strtoull(line, NULL, 16);
			symbols[i].count++;
		}
	}
}

/**
 * find_symbols - the addresses of functions of the kernel
 *
 * A name that there is not, more than once, or without its address, is not among the values.
 */
int find_symbols(struct agent *agent, struct request *request)
{
	struct symbol symbols[SYMBOLS_LIMIT];
	size_t count = take_symbols(request, symbols);
	FILE *file;

	(void)agent;
	if (request_refused(request))
		return REFUSED;
	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return errno;
	read_symbols(file, symbols, count);
	fclose(file);
	for (size_t i = 0; i < count; i++)
		if (symbols[i].count == 1 && symbols[i].address)
			value_hex(request, symbols[i].name, symbols[i].address);
	return 0;
}
