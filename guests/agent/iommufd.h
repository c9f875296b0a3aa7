/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_IOMMUFD_H
#define ZHIL_IOMMUFD_H

#include "agent.h"

/* The iommufd of operations that name none. */
#define MAIN_IOMMUFD	"main"

int open_iommufd(struct agent *agent, struct request *request, const char *name, struct iommufd **iommufd);
int take_iommufd(struct agent *agent, struct request *request, struct iommufd **iommufd);

int name_object(struct agent *agent, struct request *request, const char *name, struct iommufd *iommufd, uint32_t id);
uint32_t take_hwpt_flags(struct request *request);

#endif
