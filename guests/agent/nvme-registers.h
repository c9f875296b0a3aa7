/* SPDX-License-Identifier: MIT */
/*
 * The part of the NVMe base specification that is used here: registers in BAR 0, commands, completions. All little-endian.
 */
#ifndef ZHIL_NVME_REGISTERS_H
#define ZHIL_NVME_REGISTERS_H

#include <stdint.h>

/* Registers, as offsets into BAR 0 */
#define NVME_CAP	0x00
#define NVME_CC		0x14
#define NVME_CSTS	0x1c
#define NVME_AQA	0x24
#define NVME_ASQ	0x28
#define NVME_ACQ	0x30
#define NVME_DOORBELLS	0x1000

#define NVME_CAP_DSTRD(cap)	(((cap) >> 32) & 0xf)

#define NVME_CC_EN		(1u << 0)
#define NVME_CC_IOSQES_64	(6u << 16)
#define NVME_CC_IOCQES_16	(4u << 20)

#define NVME_CSTS_RDY		(1u << 0)
#define NVME_CSTS_CFS		(1u << 1)
#define NVME_CSTS_GONE		0xffffffffu

/* Admin commands */
#define NVME_ADMIN_CREATE_SQ	0x01
#define NVME_ADMIN_CREATE_CQ	0x05
#define NVME_ADMIN_IDENTIFY	0x06
#define NVME_IDENTIFY_CONTROLLER	1
#define NVME_QUEUE_CONTIGUOUS	1

/* I/O commands */
#define NVME_IO_WRITE		0x01
#define NVME_IO_READ		0x02

/**
 * struct nvme_command - an entry of a submission queue
 * @head: opcode in bits 0 to 7, command id in bits 16 to 31
 */
struct nvme_command {
	uint32_t head;
	uint32_t namespace;
	uint64_t reserved;
	uint64_t metadata;
	uint64_t prp1;
	uint64_t prp2;
	uint32_t words[6];
};

/**
 * struct nvme_completion - an entry of a completion queue
 * @tail: command id in bits 0 to 15, phase in bit 16, status field in bits 17 to 31
 */
struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint32_t queue;
	uint32_t tail;
};

#define NVME_TAIL_ID(tail)	((tail) & 0xffff)
#define NVME_TAIL_PHASE(tail)	(((tail) >> 16) & 1)
#define NVME_TAIL_STATUS(tail)	((tail) >> 17)

#endif
