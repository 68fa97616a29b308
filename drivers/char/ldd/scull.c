// SPDX-License-Identifier: GPL-2.0
/*
 * A sparse store of bytes, grown by writing: what scullp and scullv share. Where
 * the memory of a cluster comes from is what they differ in: struct scull_memory.
 *
 * read(2), write(2) and lseek(2) with SEEK_DATA and SEEK_HOLE as on a file. Who
 * opens a device for writing only, or with O_TRUNC, empties it. mmap(2) shows
 * what was written; a hole and what is behind the end answer with SIGBUS.
 * An asynchronous operation is made later, one with O_DIRECT by a worker.
 *
 * See Documentation/driver-api/ldd/scull.rst.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ldd/span.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "copy.h"
#include "core.h"
#include "scull.h"

/*
 * Whoever may open a device decides how much memory it takes. That is accounted
 * to them, bounded by the limits, and fails instead of having anybody killed. Only
 * the kernel's page tables, which vmalloc() allocates, know nothing of the flags.
 */
#define SCULL_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Clusters that are looked up together. */
#define SCULL_BATCH 16UL

static unsigned int scull_pages(struct ldd_mappings *m, unsigned long pgoff,
				struct page **pages, unsigned int max)
{
	struct scull_dev *dev = container_of(m, struct scull_dev, mappings);
	const struct scull_memory *memory = dev->set->memory;
	unsigned int order = dev->store.order, index, found, n = 0;
	unsigned long end = READ_ONCE(dev->end);
	void *clusters[SCULL_BATCH];

	if (pgoff >= end)
		return 0;
	max = min3(end - pgoff, SCULL_BATCH, max);
	index = pgoff & ((1UL << order) - 1);
	found = ldd_store_gather(&dev->store, pgoff >> order, clusters,
				 ((index + max - 1) >> order) + 1);
	for (; n < max && index >> order < found; n++, index++)
		pages[n] = memory->page(clusters[index >> order],
					index & ((1U << order) - 1));
	return n;
}

static void scull_set_size(struct scull_dev *dev, loff_t size)
{
	lockdep_assert_held_write(&dev->lock);
	dev->size = size;
	WRITE_ONCE(dev->end, ldd_span_pages(size));
}

/* Both locks, so that nobody reads, writes or maps. */
static int scull_lock_all(struct scull_dev *dev)
{
	if (down_write_killable(&dev->lock))
		return -EINTR;
	mutex_lock(&dev->map_lock);
	return 0;
}

static void scull_unlock_all(struct scull_dev *dev)
{
	mutex_unlock(&dev->map_lock);
	up_write(&dev->lock);
}

/**
 * scull_empty - free all memory of a device
 * @dev: the device
 *
 * Context: process context, may sleep.
 * Return: 0; -EBUSY when it is mapped, and nothing is lost; -EINTR when the task
 * is being killed.
 */
VISIBLE_IF_KUNIT int scull_empty(struct scull_dev *dev)
{
	int ret = scull_lock_all(dev);
	u64 bytes;

	if (ret)
		return ret;
	if (ldd_mappings_count(&dev->mappings)) {
		ret = -EBUSY;
	} else {
		bytes = ldd_store_bytes(&dev->store);
		scull_set_size(dev, 0);
		ldd_store_truncate(&dev->store, 0, dev->set->memory->free);
		atomic_long_sub(bytes >> PAGE_SHIFT, &dev->set->pages);
	}
	scull_unlock_all(dev);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(scull_empty);

/**
 * scull_set_order - change the size of the clusters of an empty device
 * @dev: the device
 * @order: a cluster gets 2^@order pages
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL when @order is greater than SCULL_ORDER_MAX; -EBUSY when the
 * device is not empty or mapped; -EINTR when the task is being killed.
 */
VISIBLE_IF_KUNIT int scull_set_order(struct scull_dev *dev, unsigned int order)
{
	int ret;

	if (order > SCULL_ORDER_MAX)
		return -EINVAL;
	ret = scull_lock_all(dev);
	if (ret)
		return ret;
	if (dev->store.count || ldd_mappings_count(&dev->mappings))
		ret = -EBUSY;
	else
		WRITE_ONCE(dev->store.order, order);
	scull_unlock_all(dev);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(scull_set_order);

/**
 * scull_set_limit - change how great a device may become
 * @dev: the device
 * @limit: in bytes
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL when @limit is no size of a file; -EBUSY when the device is
 * greater already; -EINTR when the task is being killed.
 */
VISIBLE_IF_KUNIT int scull_set_limit(struct scull_dev *dev, loff_t limit)
{
	int ret = 0;

	if (limit < 0 || limit > MAX_LFS_FILESIZE)
		return -EINVAL;
	if (down_write_killable(&dev->lock))
		return -EINTR;
	if (limit < dev->size)
		ret = -EBUSY;
	else
		dev->limit = limit;
	up_write(&dev->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(scull_set_limit);

/* From as many clusters as are looked up together; zeros from one that is a hole. */
static size_t scull_copy_batch(struct scull_dev *dev, struct iov_iter *to,
			       struct ldd_span_place place, size_t count)
{
	unsigned int shift = PAGE_SHIFT + dev->store.order;
	size_t wanted = ((place.offset + count - 1) >> shift) + 1;
	size_t done = 0, len, copied;
	void *clusters[SCULL_BATCH];
	unsigned int found;

	found = ldd_store_gather(&dev->store, place.cluster, clusters,
				 min(wanted, SCULL_BATCH));
	if (!found)
		return iov_iter_zero(min(place.left, count), to);
	for (unsigned int i = 0; i < found && done < count; i++) {
		len = min(place.left, count - done);
		copied = ldd_copy_to_iter(clusters[i] + place.offset, len, to);
		done += copied;
		if (copied < len)
			break;
		place.offset = 0;
		place.left = (size_t)1 << shift;
	}
	return done;
}

static size_t scull_copy_out(struct scull_dev *dev, struct iov_iter *to,
			     loff_t pos, size_t count)
{
	struct ldd_span_place place = ldd_span_locate(pos, dev->store.order);
	size_t done = 0, copied;
	void *cluster;

	/* Most lie in one cluster, for which a batch is too much. */
	if (place.left >= count) {
		cluster = ldd_store_find(&dev->store, place.cluster);
		return cluster ? ldd_copy_to_iter(cluster + place.offset, count, to) :
				 iov_iter_zero(count, to);
	}
	while (done < count) {
		place = ldd_span_locate(pos + done, dev->store.order);
		copied = scull_copy_batch(dev, to, place, count - done);
		if (!copied)
			break;
		done += copied;
		cond_resched();
	}
	return done;
}

/**
 * scull_read - copy bytes out of a device
 * @dev: the device
 * @to: where to
 * @pos: in the device; goes on by what was copied
 * @nowait: do not wait for one who writes
 *
 * Context: process context, may sleep (to fault in @to even with @nowait).
 * Return: number of bytes, 0 at the end or if none were asked for; -EFAULT when
 * not one byte could be copied; -EAGAIN when it would have to wait; -EINTR when
 * the task is being killed.
 */
VISIBLE_IF_KUNIT ssize_t scull_read(struct scull_dev *dev, struct iov_iter *to,
				    loff_t *pos, bool nowait)
{
	size_t count, done = 0;

	if (!iov_iter_count(to))
		return 0;
	if (nowait) {
		if (!down_read_trylock(&dev->lock))
			return -EAGAIN;
	} else if (down_read_killable(&dev->lock)) {
		return -EINTR;
	}
	count = ldd_span_clamp(dev->size, *pos, iov_iter_count(to));
	done = scull_copy_out(dev, to, *pos, count);
	up_read(&dev->lock);
	*pos += done;
	return done || !count ? done : -EFAULT;
}
EXPORT_SYMBOL_IF_KUNIT(scull_read);

/* Take from the budget of all devices what a cluster needs. */
static bool scull_charge(struct scull_set *set, long pages)
{
	if (atomic_long_add_return(pages, &set->pages) <= set->pages_max)
		return true;
	atomic_long_sub(pages, &set->pages);
	return false;
}

static void *scull_alloc(struct scull_dev *dev)
{
	struct scull_set *set = dev->set;
	unsigned int order = dev->store.order;
	void *cluster;

	if (!scull_charge(set, 1L << order))
		return ERR_PTR(-ENOSPC);
	cluster = set->memory->alloc(order, SCULL_GFP | __GFP_ZERO);
	if (cluster)
		return cluster;
	atomic_long_sub(1L << order, &set->pages);
	return ERR_PTR(-ENOMEM);
}

static void scull_free(struct scull_dev *dev, void *cluster)
{
	dev->set->memory->free(cluster, dev->store.order);
	atomic_long_sub(1L << dev->store.order, &dev->set->pages);
}

/*
 * Fill a hole. The cluster is shown only once its first bytes are in it, and not
 * at all when there are none: a bad buffer leaves no memory behind.
 */
static ssize_t scull_fill_hole(struct scull_dev *dev, struct iov_iter *from,
			       const struct ldd_span_place *place, size_t len)
{
	void *cluster = scull_alloc(dev);
	size_t copied;
	int ret;

	if (IS_ERR(cluster))
		return PTR_ERR(cluster);
	copied = copy_from_iter(cluster + place->offset, len, from);
	ret = -EFAULT;
	if (!copied)
		goto free_cluster;
	ret = ldd_store_insert(&dev->store, place->cluster, cluster, SCULL_GFP);
	if (ret)
		goto revert_copy;
	return copied;

revert_copy:
	iov_iter_revert(from, copied);
free_cluster:
	scull_free(dev, cluster);
	return ret;
}

static ssize_t scull_copy_in(struct scull_dev *dev, struct iov_iter *from,
			     loff_t pos, size_t count, bool nowait)
{
	struct ldd_span_place place;
	size_t done = 0, len;
	ssize_t ret = 0;
	void *cluster;

	for (;;) {
		place = ldd_span_locate(pos + done, dev->store.order);
		len = min(place.left, count - done);
		cluster = ldd_store_find(&dev->store, place.cluster);
		if (cluster)
			ret = ldd_copy_from_iter(cluster + place.offset, len, from);
		else if (nowait)
			ret = -EAGAIN;
		else
			ret = scull_fill_hole(dev, from, &place, len);
		if (ret > 0)
			done += ret;
		if (ret < (ssize_t)len || done == count)
			break;
		cond_resched();
	}
	return done ?: ret ?: -EFAULT;
}

/**
 * scull_write - copy bytes into a device
 * @dev: the device
 * @from: where from
 * @pos: in the device; goes on by what was copied
 * @nowait: neither wait for others nor allocate memory
 * @append: write behind the last byte, wherever @pos is
 *
 * Context: process context, may sleep (to fault in @from even with @nowait).
 * Return: number of bytes, 0 only if none were given; -ENOSPC at the limit of the
 * device, or when the devices hold all the memory they may; -ENOMEM; -EFAULT when
 * not one byte could be copied; -EAGAIN when it would have to wait; -EINTR when
 * the task is being killed.
 */
VISIBLE_IF_KUNIT ssize_t scull_write(struct scull_dev *dev,
				     struct iov_iter *from, loff_t *pos,
				     bool nowait, bool append)
{
	ssize_t ret = -ENOSPC;
	size_t count;

	if (!iov_iter_count(from))
		return 0;
	if (nowait) {
		if (!down_write_trylock(&dev->lock))
			return -EAGAIN;
	} else if (down_write_killable(&dev->lock)) {
		return -EINTR;
	}
	if (append)
		*pos = dev->size;
	count = ldd_span_clamp(dev->limit, *pos, iov_iter_count(from));
	if (count)
		ret = scull_copy_in(dev, from, *pos, count, nowait);
	if (ret > 0) {
		*pos += ret;
		if (*pos > dev->size)
			scull_set_size(dev, *pos);
	}
	up_write(&dev->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(scull_write);

static struct scull_dev *scull_of(const struct file *file)
{
	/* Set by scull_open(). */
	return file->private_data;
}

static ssize_t scull_transfer(struct ldd_async *async, struct iov_iter *iter,
			      loff_t *pos, int flags)
{
	struct scull_dev *dev = container_of(async, struct scull_dev, async);
	bool nowait = flags & IOCB_NOWAIT;

	if (iov_iter_rw(iter) == WRITE)
		return scull_write(dev, iter, pos, nowait, flags & IOCB_APPEND);
	return scull_read(dev, iter, pos, nowait);
}

/* Is this for a worker? Then @delay is how many ms it is to wait. */
static bool scull_is_for_worker(struct kiocb *iocb, struct iov_iter *iter,
				unsigned int *delay)
{
	struct scull_dev *dev = scull_of(iocb->ki_filp);

	*delay = is_sync_kiocb(iocb) ? 0 : READ_ONCE(dev->delay);
	return iov_iter_count(iter) && (*delay || iocb->ki_flags & IOCB_DIRECT);
}

ssize_t scull_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	unsigned int delay;

	if (scull_is_for_worker(iocb, to, &delay))
		return ldd_async_submit(&scull_of(iocb->ki_filp)->async, iocb, to,
					delay);
	return scull_read(scull_of(iocb->ki_filp), to, &iocb->ki_pos,
			  iocb->ki_flags & IOCB_NOWAIT);
}
EXPORT_SYMBOL_GPL(scull_read_iter);

ssize_t scull_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	unsigned int delay;

	if (scull_is_for_worker(iocb, from, &delay))
		return ldd_async_submit(&scull_of(iocb->ki_filp)->async, iocb, from,
					delay);
	return scull_write(scull_of(iocb->ki_filp), from, &iocb->ki_pos,
			   iocb->ki_flags & IOCB_NOWAIT,
			   iocb->ki_flags & IOCB_APPEND);
}
EXPORT_SYMBOL_GPL(scull_write_iter);

loff_t scull_llseek(struct file *file, loff_t offset, int whence)
{
	struct scull_dev *dev = scull_of(file);
	loff_t size;

	if (down_read_killable(&dev->lock))
		return -EINTR;
	size = dev->size;
	if (whence == SEEK_DATA)
		offset = ldd_store_next_data(&dev->store, offset, size);
	else if (whence == SEEK_HOLE)
		offset = ldd_store_next_hole(&dev->store, offset, size);
	up_read(&dev->lock);
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek_size(file, offset, whence,
						MAX_LFS_FILESIZE, size);
	return offset < 0 ? offset : vfs_setpos(file, offset, MAX_LFS_FILESIZE);
}
EXPORT_SYMBOL_GPL(scull_llseek);

int scull_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct scull_dev *dev = scull_of(file);
	int ret = -ENODEV;

	mutex_lock(&dev->map_lock);
	if (dev->store.order <= dev->set->memory->mmap_order_max) {
		ldd_mappings_add_around(&dev->mappings, vma);
		ret = 0;
	}
	mutex_unlock(&dev->map_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(scull_mmap);

/* misc_open() has set private_data to the node that was opened. */
int scull_open(struct inode *inode, struct file *file)
{
	struct scull_dev *dev = container_of(file->private_data,
					     struct scull_node, misc)->dev;

	file->private_data = dev;
	file->f_mode |= FMODE_NOWAIT | FMODE_CAN_ODIRECT;
	if ((file->f_flags & O_ACCMODE) == O_WRONLY || (file->f_flags & O_TRUNC))
		return scull_empty(dev);
	return 0;
}
EXPORT_SYMBOL_GPL(scull_open);

static struct scull_dev *scull_of_dev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct scull_node, misc)->dev;
}

static int scull_state_show(struct seq_file *m, void *unused)
{
	struct scull_dev *dev = m->private;

	if (down_read_killable(&dev->lock))
		return -EINTR;
	seq_printf(m, "size:     %lld\n", dev->size);
	seq_printf(m, "limit:    %lld\n", dev->limit);
	seq_printf(m, "order:    %u\n", dev->store.order);
	seq_printf(m, "clusters: %lu\n", dev->store.count);
	seq_printf(m, "mappings: %d\n", ldd_mappings_count(&dev->mappings));
	seq_printf(m, "in flight: %d\n", ldd_async_in_flight(&dev->async));
	seq_printf(m, "memory of all devices: %ld of %lu pages\n",
		   atomic_long_read(&dev->set->pages), dev->set->pages_max);
	up_read(&dev->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scull_state);

/* A number that @lock guards. Whoever holds it may be in a fault for ever. */
static ssize_t scull_show(struct scull_dev *dev, const loff_t *number, char *buf)
{
	loff_t value;

	if (down_read_killable(&dev->lock))
		return -EINTR;
	value = *number;
	up_read(&dev->lock);
	return sysfs_emit(buf, "%lld\n", value);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct scull_dev *scull = scull_of_dev(dev);

	return scull_show(scull, &scull->size, buf);
}
static DEVICE_ATTR_RO(size);

static ssize_t limit_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct scull_dev *scull = scull_of_dev(dev);

	return scull_show(scull, &scull->limit, buf);
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	loff_t limit;
	int ret = kstrtoll(buf, 0, &limit);

	return ret ?: scull_set_limit(scull_of_dev(dev), limit) ?: count;
}
static DEVICE_ATTR_RW(limit);

static ssize_t order_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(scull_of_dev(dev)->store.order));
}

static ssize_t order_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	unsigned int order;
	int ret = kstrtouint(buf, 0, &order);

	return ret ?: scull_set_order(scull_of_dev(dev), order) ?: count;
}
static DEVICE_ATTR_RW(order);

static ssize_t memory_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  ldd_store_bytes(&scull_of_dev(dev)->store));
}
static DEVICE_ATTR_RO(memory);

static ssize_t mappings_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  ldd_mappings_count(&scull_of_dev(dev)->mappings));
}
static DEVICE_ATTR_RO(mappings);

static ssize_t in_flight_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  ldd_async_in_flight(&scull_of_dev(dev)->async));
}
static DEVICE_ATTR_RO(in_flight);

static ssize_t delay_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(scull_of_dev(dev)->delay));
}

static ssize_t delay_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	unsigned int delay;
	int ret = kstrtouint(buf, 0, &delay);

	if (ret)
		return ret;
	if (delay > SCULL_DELAY_MAX)
		return -EINVAL;
	WRITE_ONCE(scull_of_dev(dev)->delay, delay);
	return count;
}
static DEVICE_ATTR_RW(delay);

static struct attribute *scull_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_limit.attr,
	&dev_attr_order.attr,
	&dev_attr_memory.attr,
	&dev_attr_mappings.attr,
	&dev_attr_in_flight.attr,
	&dev_attr_delay.attr,
	NULL
};
ATTRIBUTE_GROUPS(scull);

/**
 * scull_setup - make an empty device that nobody sees yet
 * @dev: zeroed memory
 * @set: what it is one of
 * @order: its clusters have 2^@order pages, at most SCULL_ORDER_MAX
 * @limit: how great it may become, in bytes
 */
VISIBLE_IF_KUNIT void scull_setup(struct scull_dev *dev, struct scull_set *set,
				  unsigned int order, loff_t limit)
{
	init_rwsem(&dev->lock);
	mutex_init(&dev->map_lock);
	ldd_store_init(&dev->store, order);
	dev->limit = limit;
	dev->mappings.pages = scull_pages;
	dev->set = set;
}
EXPORT_SYMBOL_IF_KUNIT(scull_setup);

static int scull_add_node(struct scull_node *node, const char *name,
			  struct scull_dev *dev,
			  const struct file_operations *fops,
			  const struct attribute_group **groups)
{
	node->dev = dev;
	node->misc.minor = MISC_DYNAMIC_MINOR;
	node->misc.name = name;
	node->misc.mode = 0666;
	node->misc.fops = fops;
	node->misc.groups = groups;
	return misc_register(&node->misc);
}

static int scull_add(struct scull_dev *dev, const char *driver,
		     const struct file_operations *fops)
{
	struct scull_set *set = dev->set;
	int ret;

	snprintf(dev->name, sizeof(dev->name), "%s%u", driver,
		 (unsigned int)(dev - set->devs));
	dev->mappings.name = dev->name;
	dev->async.name = dev->name;
	dev->async.transfer = scull_transfer;
	ret = ldd_async_init(&dev->async);
	if (ret)
		return ret;
	ret = scull_add_node(&dev->node, dev->name, dev, fops, scull_groups);
	if (ret) {
		ldd_async_destroy(&dev->async);
		return ret;
	}
	debugfs_create_file("state", 0400,
			    debugfs_create_dir(dev->name, set->debugfs),
			    dev, &scull_state_fops);
	return 0;
}

static void scull_remove(struct scull_dev *dev)
{
	misc_deregister(&dev->node.misc);
	ldd_async_destroy(&dev->async);
	ldd_store_truncate(&dev->store, 0, dev->set->memory->free);
}

static int scull_check_params(const char *name, const struct scull_params *p)
{
	if (!p->devices || p->devices > SCULL_DEVICES_MAX) {
		pr_err("%s: devices=%u is not from 1 to %u\n", name, p->devices,
		       SCULL_DEVICES_MAX);
		return -EINVAL;
	}
	if (p->order > SCULL_ORDER_MAX) {
		pr_err("%s: order=%u is not from 0 to %u\n", name, p->order,
		       SCULL_ORDER_MAX);
		return -EINVAL;
	}
	if (!p->limit || p->limit > MAX_LFS_FILESIZE) {
		pr_err("%s: limit=%lu is not from 1 to %lld\n", name, p->limit,
		       (long long)MAX_LFS_FILESIZE);
		return -EINVAL;
	}
	if (p->memory > totalram_pages()) {
		pr_err("%s: memory=%lu is more than all pages there are, %lu\n",
		       name, p->memory, totalram_pages());
		return -EINVAL;
	}
	if (p->delay > SCULL_DELAY_MAX) {
		pr_err("%s: delay=%u is not from 0 to %u\n", name, p->delay,
		       SCULL_DELAY_MAX);
		return -EINVAL;
	}
	return 0;
}

static struct scull_set *scull_new_set(const struct scull_memory *memory,
				       const struct scull_params *params)
{
	struct scull_set *set;

	set = kzalloc(struct_size(set, devs, params->devices), GFP_KERNEL);
	if (!set)
		return NULL;
	set->memory = memory;
	set->pages_max = params->memory ?: totalram_pages() / 4;
	set->count = params->devices;
	for (unsigned int i = 0; i < set->count; i++) {
		scull_setup(&set->devs[i], set, params->order, params->limit);
		set->devs[i].delay = params->delay;
	}
	return set;
}

/**
 * scull_register - show the devices of a driver to user space
 * @name: of the driver: /dev/@name is the first device, like /dev/@name0
 * @memory: where the clusters come from
 * @params: how many devices, and of what kind
 * @fops: the driver's, with the operations of scull.h
 *
 * Context: process context, may sleep.
 * Return: what to give to scull_unregister(), or an ERR_PTR(): -EINVAL for a
 * parameter out of range, which the kernel log names; -ENOMEM; errors of
 * misc_register().
 */
struct scull_set *scull_register(const char *name,
				 const struct scull_memory *memory,
				 const struct scull_params *params,
				 const struct file_operations *fops)
{
	struct scull_set *set;
	unsigned int added;
	int ret = scull_check_params(name, params);

	if (ret)
		return ERR_PTR(ret);
	set = scull_new_set(memory, params);
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->debugfs = debugfs_create_dir(name, ldd_debugfs_root);
	for (added = 0; added < set->count; added++) {
		ret = scull_add(&set->devs[added], name, fops);
		if (ret)
			goto remove_added;
	}
	ret = scull_add_node(&set->alias, name, &set->devs[0], fops, NULL);
	if (ret)
		goto remove_added;
	return set;

remove_added:
	debugfs_remove(set->debugfs);
	while (added--)
		scull_remove(&set->devs[added]);
	kfree(set);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(scull_register);

/**
 * scull_unregister - take the devices away, and all that was written
 * @set: from scull_register()
 *
 * Context: process context, may sleep. Nobody has a device open or mapped.
 */
void scull_unregister(struct scull_set *set)
{
	debugfs_remove(set->debugfs);
	misc_deregister(&set->alias.misc);
	for (unsigned int i = 0; i < set->count; i++)
		scull_remove(&set->devs[i]);
	kfree(set);
}
EXPORT_SYMBOL_GPL(scull_unregister);

MODULE_DESCRIPTION("What scullp and scullv share");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
