/* SPDX-License-Identifier: MIT */
#ifndef ZHIL_OPERATIONS_H
#define ZHIL_OPERATIONS_H

#include "agent.h"

/* setup.c */
perform_fn define_function;
perform_fn define_buffer;
perform_fn seed;
perform_fn quit;
perform_fn fill;
perform_fn look;

/* symbols.c */
perform_fn find_symbols;

/* gcov.c */
perform_fn gcov_reset;
perform_fn gcov_read;

/* kcov.c */
perform_fn trace_places;

/* run.c */
perform_fn run_program;

/* pinned.c */
perform_fn pinned;

/* function.c */
perform_fn bind_function;
perform_fn unbind_function;
perform_fn power;
perform_fn sysfs_reset;
perform_fn recover;
perform_fn reset_method;
perform_fn domain_type;

int bind_to_driver(const struct function *function, struct request *request, const char *wanted);

/* driver.c */
perform_fn drive;
perform_fn block_read;
perform_fn block_write;
perform_fn counters_reset;
perform_fn await_flush;

/* group.c */
perform_fn group_view;
perform_fn churn;

/* removal.c */
perform_fn remove_function;
perform_fn await_removal;

int removal_end(struct function *function);

/* cdev.c */
perform_fn open_device;
perform_fn close_device;
perform_fn unplug;
perform_fn bind_iommufd;
perform_fn attach;
perform_fn detach;

/* iommufd.c */
perform_fn ioas_alloc;
perform_fn ioas_map;
perform_fn ioas_unmap;
perform_fn ioas_copy;
perform_fn iova_ranges;
perform_fn huge_pages;
perform_fn hwpt_alloc;
perform_fn destroy;
perform_fn iommufd_close;

/* type1.c */
perform_fn container_open;
perform_fn container_close;
perform_fn container_set_iommu;
perform_fn container_info;
perform_fn container_map;
perform_fn container_unmap;
perform_fn group_open;
perform_fn group_close;
perform_fn group_set_container;
perform_fn group_unset_container;
perform_fn group_get_device;

/* device.c */
perform_fn device_info;
perform_fn device_reset;
perform_fn hot_reset_info;
perform_fn hot_reset;
perform_fn bus_master;

/* interrupts.c */
perform_fn interrupts_enable;
perform_fn interrupts_disable;
perform_fn interrupts_count;
perform_fn errors_enable;
perform_fn errors_told;

/* mock.c */
perform_fn mock_create;
perform_fn mock_replace;
perform_fn mock_check;
perform_fn mock_hwpt_alloc;
perform_fn mock_pasid_attach;
perform_fn mock_pasid_replace;
perform_fn mock_pasid_detach;

/* mock-pasid.c */
perform_fn mock_pasid_check;

/* mock-access.c */
perform_fn access_create;
perform_fn access_replace;
perform_fn access_pin;
perform_fn access_unpin;
perform_fn access_read;
perform_fn access_write;
perform_fn access_close;
perform_fn page_pins;

/* iova-limits.c */
perform_fn iova_reserve;
perform_fn iova_allow;

/* iommufd-options.c */
perform_fn option_get;
perform_fn option_set;
perform_fn hw_info;
perform_fn vfio_ioas_set;
perform_fn vfio_ioas_get;

/* cdev-odd.c */
perform_fn pasid_attach;
perform_fn pasid_detach;
perform_fn odd_call;

/* mock-queue.c */
perform_fn queue_poll;
perform_fn queue_close;

/* mock-faults.c */
perform_fn fault_queue_alloc;
perform_fn fault_raise;
perform_fn fault_read;
perform_fn fault_respond;

/* mock-viommu.c */
perform_fn event;
perform_fn viommu_alloc;
perform_fn hw_queue_alloc;
perform_fn vdevice_alloc;
perform_fn event_queue_alloc;
perform_fn event_raise;
perform_fn event_read;

/* dma.c */
perform_fn nvme_enable;
perform_fn nvme_identify;
perform_fn queues_enable;
perform_fn dma_write;
perform_fn dma_read;

#endif
