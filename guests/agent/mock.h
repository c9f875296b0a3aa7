/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_MOCK_H
#define ZHIL_MOCK_H

#include <linux/iommufd.h>

#include "operations.h"

/*
 * The interface of iommufd's mock device (CONFIG_IOMMUFD_TEST) as Linux 7.2 has it. It is nobody's stable interface:
 * numbers are added and meanings change from release to release, so another kernel is refused (mock_refused()).
 */
#define MOCK_KERNEL	"7.2"

#define MOCK_COMMAND	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_BASE + 32)

enum mock_op {
	MOCK_RESERVE = 1,
	MOCK_CREATE = 2,
	MOCK_CHECK_MAP = 3,
	MOCK_CHECK_PINS = 4,
	MOCK_ACCESS_CREATE = 5,
	MOCK_ACCESS_UNPIN = 6,
	MOCK_ACCESS_PIN = 7,
	MOCK_ACCESS_COPY = 8,
	MOCK_REPLACE = 10,
	MOCK_ACCESS_REPLACE = 11,
	MOCK_CREATE_WITH_FLAGS = 12,
	MOCK_RAISE_FAULT = 15,
	MOCK_RAISE_EVENT = 17,
	MOCK_PASID_ATTACH = 18,
	MOCK_PASID_REPLACE = 19,
	MOCK_PASID_DETACH = 20,
	MOCK_PASID_CHECK = 21,
};

#define MOCK_FLAG_NO_DIRTY_TRACKING	(1 << 0)
#define MOCK_FLAG_PASIDS		(1 << 2)
#define MOCK_FLAG_UNKNOWN		(1 << 30)

/* One more than the largest PASID that a mock with PASIDs takes. */
#define MOCK_PASID_LIMIT	(1 << 20)

/* Types of what user space hands to the mock's driver. */
#define MOCK_HWPT_DATA		0xdead
#define MOCK_VIOMMU		0xdeadbeef
#define MOCK_EVENT_QUEUE	0xbeefbeef
#define MOCK_HW_QUEUE		0xdeadbeef

/**
 * struct mock_command - one command to the mock
 * @id: the object it is about: where a mock is attached, or the mock itself
 * @room: as large as the kernel's union
 * @last: the kernel wants commands that reach this far
 */
struct mock_command {
	uint32_t size;
	uint32_t op;
	uint32_t id;
	uint32_t reserved;
	union {
		uint64_t room[6];
		struct {
			uint32_t mock;
			uint32_t hwpt;
			uint32_t device;
			uint32_t flags;
		} create;
		struct {
			uint64_t start;
			uint64_t length;
		} reserve;
		struct {
			uint64_t length;
			uint64_t address;
			uint32_t pins;
		} pins;
		struct {
			uint32_t fd;
			uint32_t flags;
		} access_create;
		struct {
			uint32_t pin;
		} unpin;
		struct {
			uint32_t flags;
			uint32_t pin;
			uint64_t iova;
			uint64_t length;
			uint64_t address;
		} pin;
		struct {
			uint64_t iova;
			uint64_t length;
			uint64_t address;
			uint32_t flags;
		} copy;
		struct {
			uint32_t to;
		} replace;
		struct {
			uint64_t iova;
			uint64_t length;
			uint64_t address;
		} check;
		struct {
			uint32_t device;
			uint32_t pasid;
			uint32_t group;
			uint32_t permissions;
			uint64_t address;
		} fault;
		struct {
			uint32_t device;
		} event;
		struct {
			uint32_t pasid;
			uint32_t to;
		} pasid;
	};
	uint32_t last;
};

/* What the mock's driver takes for a HWPT: what its translation cache holds at first, and the kind of its table. */
struct mock_hwpt_data {
	uint32_t cached;
	uint32_t kind;
};

/* What it reports as an event of a virtual IOMMU. */
struct mock_event {
	uint32_t device;
};

/* mock.c */
bool mock_refused(struct request *request);
struct page_table *take_mock(struct table *table, struct request *request);

/* mock-pasid.c */
uint32_t take_mock_flags(struct request *request);

/* mock-memory.c: memory that ends, for what is too short or may not be written */
unsigned char *memory_before_end(size_t length);
void *unwritable_copy(const void *bytes, size_t length);

int mock_command(struct request *request, const struct iommufd *iommufd, struct mock_command *command);

/* mock-queue.c */
int keep_queue(struct agent *agent, struct request *request, const char *name, struct iommufd *iommufd, uint32_t id,
	       int fd);
struct page_table *take_queue(struct table *table, struct request *request);

#endif
