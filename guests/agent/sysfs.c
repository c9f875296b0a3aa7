// SPDX-License-Identifier: MIT
/*
 * Small files of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"
#include "table.h"

/**
 * function_path - the path of an attribute of a function
 * @attribute: the attribute's name, empty for the function itself
 */
void function_path(char path[PATH_SIZE], const struct function *function, const char *attribute)
{
	snprintf(path, PATH_SIZE, "/sys/bus/pci/devices/%s%s%s", function->address, *attribute ? "/" : "", attribute);
}

/**
 * statistics_path - the path of the statistics of a function
 */
void statistics_path(char path[PATH_SIZE], const struct function *function)
{
	snprintf(path, PATH_SIZE, "/sys/kernel/debug/pci/%s/statistics", function->address);
}

/**
 * write_attribute - write a text to a file in one write
 *
 * Return: 0 or the errno.
 */
int write_attribute(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

/**
 * read_file - read a file, or as much of it as there is room for
 *
 * Return: 0 or the errno, with as much as was read before.
 */
int read_file(const char *path, void *content, size_t size, size_t *length)
{
	char *at = content;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = 0;

	*length = 0;
	if (fd < 0)
		return errno;
	while (*length < size) {
		ssize_t n = read(fd, at + *length, size - *length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			error = errno;
		if (n <= 0)
			break;
		*length += n;
	}
	close(fd);
	return error;
}

/**
 * read_attribute - read a file that the kernel writes in one go, without the end of its last line
 *
 * In one read: the kernel gives all that there is room for, and every call more costs as much as the text.
 *
 * Return: 0 or the errno.
 */
int read_attribute(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = -1;
	int error = 0;

	if (fd >= 0)
		length = read(fd, text, size - 1);
	if (length < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (length > 0 && text[length - 1] == '\n')
		length--;
	text[length > 0 ? length : 0] = '\0';
	return error;
}

/**
 * read_link_name - the last part of what a symbolic link points to
 *
 * Return: 0 or the errno.
 */
int read_link_name(const char *path, char *name, size_t size)
{
	return read_link_name_at(AT_FDCWD, path, name, size);
}

/**
 * read_link_name_at - the same of a link in a folder that is open
 */
int read_link_name_at(int folder, const char *path, char *name, size_t size)
{
	char target[512];
	ssize_t length = readlinkat(folder, path, target, sizeof(target) - 1);
	const char *slash;

	*name = '\0';
	if (length < 0)
		return errno;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%s", slash ? slash + 1 : target);
	return 0;
}

bool path_exists(const char *path)
{
	return !access(path, F_OK);
}
