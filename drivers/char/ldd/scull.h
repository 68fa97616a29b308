/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_SCULL_H
#define _LDD_SCULL_H

#include <linux/fs.h>
#include <linux/ldd/store.h>
#include <linux/miscdevice.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>

#include "async.h"
#include "mapping.h"

struct iov_iter;

#define SCULL_DEVICES_MAX 64
#define SCULL_ORDER_MAX min(10U, (unsigned int)MAX_PAGE_ORDER)
/* In ms. The buffers of others are pinned meanwhile. */
#define SCULL_DELAY_MAX 10000

/**
 * struct scull_memory - where the clusters of a driver come from
 * @alloc: a zeroed cluster of 2^order pages, as the kernel addresses it, or NULL;
 *	gfp has __GFP_ZERO
 * @free: gives it back; may sleep
 * @page: one page of a cluster; does not sleep
 * @mmap_order_max: the greatest order of a device that can be mapped
 */
struct scull_memory {
	void *(*alloc)(unsigned int order, gfp_t gfp);
	void (*free)(void *cluster, unsigned int order);
	struct page *(*page)(void *cluster, unsigned int index);
	unsigned int mmap_order_max;
};

/**
 * struct scull_params - what a driver can be loaded with
 * @devices: how many
 * @order: of a new device: its clusters have 2^order pages
 * @limit: greatest size of a new device, in bytes
 * @memory: pages that all devices may hold together; 0: a quarter of the RAM
 * @delay: of asynchronous operations on a new device, in ms
 */
struct scull_params {
	unsigned int devices;
	unsigned int order;
	unsigned long limit;
	unsigned long memory;
	unsigned int delay;
};

#define SCULL_PARAMS_DEFAULT(default_order) {	\
	.devices	= 4,			\
	.order		= (default_order),	\
	.limit		= 64 * 1024 * 1024,	\
	.delay		= 10,			\
}

/* The parameters of a module, in a variable of the name "params". */
#define SCULL_MODULE_PARAMS						\
	module_param_named(devices, params.devices, uint, 0444);	\
	MODULE_PARM_DESC(devices, "Number of devices (1 to 64, default 4)"); \
	module_param_named(order, params.order, uint, 0444);		\
	MODULE_PARM_DESC(order, "Pages of a cluster, as a power of two (0 to 10)"); \
	module_param_named(limit, params.limit, ulong, 0444);		\
	MODULE_PARM_DESC(limit, "Greatest size of a device in bytes (default 64 MiB)"); \
	module_param_named(memory, params.memory, ulong, 0444);		\
	MODULE_PARM_DESC(memory, "Pages all devices may hold (default: a quarter of the RAM)"); \
	module_param_named(delay, params.delay, uint, 0444);		\
	MODULE_PARM_DESC(delay, "Delay of asynchronous operations in ms (0 to 10000, default 10)")

/**
 * struct scull_node - an entry in /dev
 * @misc: the device node
 * @dev: what it leads to
 */
struct scull_node {
	struct miscdevice misc;
	struct scull_dev *dev;
};

/**
 * struct scull_dev - one /dev/scullp* or /dev/scullv*
 * @lock: held for reading during a transfer out of the device, for writing
 *	during one into it and while it is emptied. A transfer may fault, so the
 *	lock is taken outside of mmap_lock, and a fault handler must not take it.
 * @map_lock: held to map the device and to empty it, so that only one of the two
 *	happens. Taken inside of mmap_lock and inside of @lock.
 * @store: the clusters. Faults look them up without a lock: while a mapping
 *	exists, nothing is taken out. &ldd_store.order changes with both locks held.
 * @size: offset behind the last byte that was written; guarded by @lock
 * @end: @size in pages, rounded up, for the fault handler
 * @limit: @size may not become greater; guarded by @lock
 * @mappings: VMAs of the device
 * @async: transfers that are not made in the call, and take @lock as the others do
 * @delay: how much later an asynchronous operation is made, in ms; 0: in the call,
 *	unless it is direct
 * @set: what it is one of
 * @node: its entry in /dev
 * @name: that entry's name
 */
struct scull_dev {
	struct rw_semaphore lock;	/* guards size and limit */
	struct mutex map_lock;		/* keeps mapping and emptying apart */
	struct ldd_store store;
	loff_t size;
	unsigned long end;
	loff_t limit;
	struct ldd_mappings mappings;
	struct ldd_async async;
	unsigned int delay;
	struct scull_set *set;
	struct scull_node node;
	char name[16];
};

/**
 * struct scull_set - the devices of one driver
 * @memory: where their clusters come from
 * @pages: how many they hold together
 * @pages_max: how many they may hold
 * @alias: the entry without a number, which leads to the first device
 * @debugfs: their directory
 * @count: how many devices there are
 * @devs: the devices
 */
struct scull_set {
	const struct scull_memory *memory;
	atomic_long_t pages;
	unsigned long pages_max;
	struct scull_node alias;
	struct dentry *debugfs;
	unsigned int count;
	struct scull_dev devs[] __counted_by(count);
};

struct scull_set *scull_register(const char *name,
				 const struct scull_memory *memory,
				 const struct scull_params *params,
				 const struct file_operations *fops);
void scull_unregister(struct scull_set *set);

int scull_open(struct inode *inode, struct file *file);
loff_t scull_llseek(struct file *file, loff_t offset, int whence);
ssize_t scull_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t scull_write_iter(struct kiocb *iocb, struct iov_iter *from);
int scull_mmap(struct file *file, struct vm_area_struct *vma);

#if IS_ENABLED(CONFIG_KUNIT)
void scull_setup(struct scull_dev *dev, struct scull_set *set,
		 unsigned int order, loff_t limit);
int scull_empty(struct scull_dev *dev);
int scull_set_order(struct scull_dev *dev, unsigned int order);
int scull_set_limit(struct scull_dev *dev, loff_t limit);
ssize_t scull_read(struct scull_dev *dev, struct iov_iter *to, loff_t *pos,
		   bool nowait);
ssize_t scull_write(struct scull_dev *dev, struct iov_iter *from, loff_t *pos,
		    bool nowait, bool append);
#endif

#endif /* _LDD_SCULL_H */
