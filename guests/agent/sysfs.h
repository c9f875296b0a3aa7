/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_SYSFS_H
#define ZHIL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

struct function;

#define PATH_SIZE	192

void function_path(char path[PATH_SIZE], const struct function *function, const char *attribute);
void statistics_path(char path[PATH_SIZE], const struct function *function);
int write_attribute(const char *path, const char *text);
int read_file(const char *path, void *content, size_t size, size_t *length);
int read_attribute(const char *path, char *text, size_t size);
int read_link_name(const char *path, char *name, size_t size);
int read_link_name_at(int folder, const char *path, char *name, size_t size);
bool path_exists(const char *path);

#endif
