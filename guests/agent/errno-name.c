// SPDX-License-Identifier: MIT
/*
 * Names of errnos, as the kernel's source spells them.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "errno-name.h"

/* include/linux/errno.h: never meant for user space, seen there all the same. */
static const struct {
	int error;
	const char *name;
} internal[] = {
	{ 512, "ERESTARTSYS" },	{ 513, "ERESTARTNOINTR" },	{ 514, "ERESTARTNOHAND" },
	{ 515, "ENOIOCTLCMD" },	{ 516, "ERESTART_RESTARTBLOCK" }, { 517, "EPROBE_DEFER" },
	{ 518, "EOPENSTALE" },	{ 519, "ENOPARAM" },		{ 521, "EBADHANDLE" },
	{ 522, "ENOTSYNC" },	{ 523, "EBADCOOKIE" },		{ 524, "ENOTSUPP" },
	{ 525, "ETOOSMALL" },	{ 526, "ESERVERFAULT" },	{ 527, "EBADTYPE" },
	{ 528, "EJUKEBOX" },	{ 529, "EIOCBQUEUED" },		{ 530, "ERECALLCONFLICT" },
};

/**
 * errno_name - the name of an errno
 * @error: the errno, 0 for success
 * @buffer: where a name is made up for an unknown one
 *
 * Return: `OK` for 0, `EINVAL` and so on, `E999` for what has no name.
 */
const char *errno_name(int error, char buffer[ERRNO_NAME_SIZE])
{
	const char *name;

	if (!error)
		return "OK";
	name = strerrorname_np(error);
	if (name)
		return name;
	for (size_t i = 0; i < sizeof(internal) / sizeof(*internal); i++)
		if (internal[i].error == error)
			return internal[i].name;
	snprintf(buffer, ERRNO_NAME_SIZE, "E%d", error);
	return buffer;
}
