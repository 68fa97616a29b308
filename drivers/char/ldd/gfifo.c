// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo - a byte FIFO with every kind of waiting
 *
 * read(2) takes what is queued and sleeps while there is nothing; write(2)
 * queues what fits and sleeps while there is no room. O_NONBLOCK, RWF_NOWAIT,
 * poll(2), SIGIO and io_uring do the same without sleeping. The requests of
 * ioctl(2) are in <linux/ldd.h>.
 *
 * Readers and writers have a lock each, so one of either can transfer at the
 * same time; see Documentation/driver-api/ldd/gfifo.rst.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/ldd.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <trace/events/ldd.h>

#include <asm/ioctls.h>

#include "copy.h"
#include "core.h"
#include "gfifo.h"

#define GFIFO_DEVICES_MAX 64

/* A long transfer shows its progress this often, so that both sides overlap. */
#define GFIFO_PIECE ((size_t)SZ_16K)

static unsigned int gfifo_size = 4096;
module_param_named(size, gfifo_size, uint, 0444);
MODULE_PARM_DESC(size, "Bytes a FIFO holds, rounded up to a power of two from a page to 1 MiB (default 4096)");

static unsigned int gfifo_devices = 1;
module_param_named(devices, gfifo_devices, uint, 0444);
MODULE_PARM_DESC(devices, "Number of devices: /dev/gfifo, /dev/gfifo1, ... (1 to 64, default 1)");

static bool gfifo_is_write(const struct gfifo *g, const struct gfifo_side *side)
{
	return side == &g->wr;
}

/*
 * What follows is the same for both sides. On the way of each transfer it is
 * inlined, so that the side is a constant there.
 */
static __always_inline bool gfifo_is_ready(const struct gfifo *g,
					   const struct gfifo_side *side)
{
	return gfifo_is_write(g, side) ? !ldd_fifo_is_full(&g->fifo) :
					 !ldd_fifo_is_empty(&g->fifo);
}

static void gfifo_wake_sleeper(struct gfifo *g, struct gfifo_side *side)
{
	/* Ordered by our callers. */
	if (!waitqueue_active(&side->sleepers))
		return;
	trace_ldd_wake(g->name, gfifo_is_write(g, side));
	wake_up_interruptible_sync(&side->sleepers);
}

static void gfifo_wake_pollers(struct gfifo *g, struct gfifo_side *side)
{
	wake_up_interruptible_sync_poll(&side->pollers,
					gfifo_is_write(g, side) ?
					EPOLLOUT | EPOLLWRNORM :
					EPOLLIN | EPOLLRDNORM);
}

/* Of those who poll with EPOLLEXCLUSIVE, who are last in the queue, one is told. */
static bool gfifo_polled_exclusively(struct gfifo_side *side)
{
	struct wait_queue_head *q = &side->pollers;
	bool exclusive = false;

	spin_lock_irq(&q->lock);
	if (!list_empty(&q->head))
		exclusive = list_last_entry(&q->head, struct wait_queue_entry,
					    entry)->flags & WQ_FLAG_EXCLUSIVE;
	spin_unlock_irq(&q->lock);
	return exclusive;
}

static noinline void gfifo_wake_next(struct gfifo *g, struct gfifo_side *side)
{
	if (!gfifo_is_ready(g, side))
		return;
	gfifo_wake_sleeper(g, side);
	if (gfifo_polled_exclusively(side))
		gfifo_wake_pollers(g, side);
}

/*
 * One call wakes one sleeper, even if there is enough for many: whoever leaves
 * bytes or room behind, or was woken and leaves, passes the wake-up on.
 */
static __always_inline void gfifo_pass_on(struct gfifo *g,
					  struct gfifo_side *side)
{
	/*
	 * This needs no barrier. Whoever owes a wake-up was woken under the lock
	 * of the queue, and sees at least those who waited there then; one who
	 * came later has seen for itself that the FIFO is ready.
	 */
	if (waitqueue_active(&side->sleepers) || waitqueue_active(&side->pollers))
		gfifo_wake_next(g, side);
}

static noinline void gfifo_wake_first(struct gfifo *g, struct gfifo_side *side)
{
	if (!gfifo_is_ready(g, side))
		return;
	gfifo_wake_sleeper(g, side);
	gfifo_wake_pollers(g, side);
}

/* Bytes arrived for @side, or room appeared: tell those who wait in a call. */
static __always_inline void gfifo_show(struct gfifo *g, struct gfifo_side *side)
{
	/*
	 * No lock is common to those who wait and those who transfer. This is
	 * between the change of an index and the look at the queues. Between
	 * queueing up and the look at the indices there is a barrier as well,
	 * in prepare_to_wait() and gfifo_poll(). So one of the two sees the
	 * other.
	 */
	smp_mb();
	/* Ordered by that. */
	if (waitqueue_active(&side->sleepers) || waitqueue_active(&side->pollers))
		gfifo_wake_first(g, side);
}

/* The same at the end of a call, when those who wait for a signal are told. */
static __always_inline void gfifo_announce(struct gfifo *g,
					   struct gfifo_side *side)
{
	gfifo_show(g, side);
	if (READ_ONCE(g->fasync))
		kill_fasync(&g->fasync, SIGIO,
			    gfifo_is_write(g, side) ? POLL_OUT : POLL_IN);
}

static noinline int gfifo_sleep(struct gfifo *g, struct gfifo_side *side)
{
	int ret;

	trace_ldd_sleep(g->name, gfifo_is_write(g, side));
	ret = wait_event_interruptible_exclusive(side->sleepers,
						 gfifo_is_ready(g, side));
	trace_ldd_resume(g->name, gfifo_is_write(g, side));
	return ret;
}

static __always_inline int gfifo_lock(struct gfifo *g, struct gfifo_side *side,
				      enum gfifo_wait wait)
{
	if (wait == GFIFO_NOWAIT)
		return mutex_trylock(&side->lock) ? 0 : -EAGAIN;
	if (!mutex_lock_interruptible(&side->lock))
		return 0;
	/* We may have slept and been chosen: pass the wake-up on. */
	gfifo_pass_on(g, side);
	return -ERESTARTSYS;
}

/* Lock @side once it is ready. The caller unlocks it with gfifo_end(). */
static __always_inline int gfifo_begin(struct gfifo *g, struct gfifo_side *side,
				       enum gfifo_wait wait)
{
	int ret = gfifo_lock(g, side, wait);

	while (!ret && !gfifo_is_ready(g, side)) {
		mutex_unlock(&side->lock);
		if (wait != GFIFO_WAIT)
			return -EAGAIN;
		ret = gfifo_sleep(g, side);
		if (!ret)
			ret = gfifo_lock(g, side, wait);
	}
	return ret;
}

/* Account @done bytes; tell @other, and the next one on @side if it is ready. */
static __always_inline ssize_t gfifo_end(struct gfifo *g,
					 struct gfifo_side *side,
					 struct gfifo_side *other, size_t done)
{
	side->bytes += done;
	mutex_unlock(&side->lock);

	if (done)
		gfifo_announce(g, other);
	gfifo_pass_on(g, side);
	return done ?: -EFAULT;
}

/*
 * Up to GFIFO_PIECE bytes in one step, whether they wrap around or not: a record
 * that everybody transfers whole is never seen in part.
 */
static __always_inline size_t gfifo_read_piece(struct gfifo *g,
					       struct iov_iter *to)
{
	size_t max = min(iov_iter_count(to), GFIFO_PIECE);
	struct ldd_fifo_span span = ldd_fifo_data(&g->fifo, 0, max);
	size_t done = ldd_copy_to_iter(span.ptr, span.len, to);

	if (unlikely(done < max && done == span.len)) {
		span = ldd_fifo_data(&g->fifo, done, max - done);
		done += copy_to_iter(span.ptr, span.len, to);
	}
	ldd_fifo_consume(&g->fifo, done);
	return done;
}

/* As gfifo_read_piece(). */
static __always_inline size_t gfifo_write_piece(struct gfifo *g,
						struct iov_iter *from)
{
	size_t max = min(iov_iter_count(from), GFIFO_PIECE);
	struct ldd_fifo_span span = ldd_fifo_room(&g->fifo, 0, max);
	size_t done = ldd_copy_from_iter(span.ptr, span.len, from);

	if (unlikely(done < max && done == span.len)) {
		span = ldd_fifo_room(&g->fifo, done, max - done);
		done += copy_from_iter(span.ptr, span.len, from);
	}
	ldd_fifo_produce(&g->fifo, done);
	return done;
}

/**
 * gfifo_read - take queued bytes out of a FIFO
 * @g: the FIFO
 * @to: where to; bytes that could not be copied stay queued
 * @wait: how long it may take to get started
 *
 * Context: process context, may sleep (to fault in @to even with GFIFO_NOWAIT).
 * Return: number of bytes, 0 only if none were asked for; -EAGAIN when it would
 * have to wait longer than @wait; -ERESTARTSYS after a signal; -EFAULT when not
 * one byte could be copied.
 */
VISIBLE_IF_KUNIT ssize_t gfifo_read(struct gfifo *g, struct iov_iter *to,
				    enum gfifo_wait wait)
{
	size_t done, copied;
	int ret;

	if (!iov_iter_count(to))
		return 0;
	ret = gfifo_begin(g, &g->rd, wait);
	if (ret)
		return ret;
	done = gfifo_read_piece(g, to);
	copied = done;
	while (copied == GFIFO_PIECE && iov_iter_count(to)) {
		gfifo_show(g, &g->wr);
		copied = gfifo_read_piece(g, to);
		done += copied;
	}
	return gfifo_end(g, &g->rd, &g->wr, done);
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_read);

/**
 * gfifo_write - queue bytes in a FIFO
 * @g: the FIFO
 * @from: where from; bytes that did not fit or could not be copied stay there
 * @wait: how long it may take to get started
 *
 * Context: process context, may sleep (to fault in @from even with
 * GFIFO_NOWAIT).
 * Return: number of bytes, 0 only if none were given; -EAGAIN when it would
 * have to wait longer than @wait; -ERESTARTSYS after a signal; -EFAULT when not
 * one byte could be copied.
 */
VISIBLE_IF_KUNIT ssize_t gfifo_write(struct gfifo *g, struct iov_iter *from,
				     enum gfifo_wait wait)
{
	size_t done, copied;
	int ret;

	if (!iov_iter_count(from))
		return 0;
	ret = gfifo_begin(g, &g->wr, wait);
	if (ret)
		return ret;
	done = gfifo_write_piece(g, from);
	copied = done;
	while (copied == GFIFO_PIECE && iov_iter_count(from)) {
		gfifo_show(g, &g->rd);
		copied = gfifo_write_piece(g, from);
		done += copied;
	}
	return gfifo_end(g, &g->wr, &g->rd, done);
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_write);

/* Keep readers and writers out. A transfer that is in progress ends first. */
static int gfifo_lock_both(struct gfifo *g)
{
	if (mutex_lock_interruptible(&g->rd.lock))
		return -ERESTARTSYS;
	if (mutex_lock_interruptible(&g->wr.lock)) {
		mutex_unlock(&g->rd.lock);
		return -ERESTARTSYS;
	}
	return 0;
}

/* Whoever got EAGAIN because of the locks may count on being told. */
static void gfifo_unlock_both(struct gfifo *g)
{
	mutex_unlock(&g->wr.lock);
	mutex_unlock(&g->rd.lock);
	gfifo_show(g, &g->rd);
	gfifo_show(g, &g->wr);
}

/**
 * gfifo_clear - throw away every queued byte
 * @g: the FIFO
 *
 * Context: process context, may sleep.
 * Return: 0, or -ERESTARTSYS after a signal.
 */
VISIBLE_IF_KUNIT int gfifo_clear(struct gfifo *g)
{
	int ret = gfifo_lock_both(g);
	bool was_empty;

	if (ret)
		return ret;
	was_empty = ldd_fifo_is_empty(&g->fifo);
	ldd_fifo_clear(&g->fifo);
	gfifo_unlock_both(g);
	if (!was_empty)
		gfifo_announce(g, &g->wr);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_clear);

/**
 * gfifo_round_size - the capacity that a request for one leads to
 * @size: what was asked for, in bytes
 *
 * Return: a power of two from PAGE_SIZE to GFIFO_SIZE_MAX, or 0 when @size is 0
 * or greater than that.
 */
VISIBLE_IF_KUNIT u32 gfifo_round_size(unsigned int size)
{
	if (!size || size > GFIFO_SIZE_MAX)
		return 0;
	return roundup_pow_of_two(max_t(unsigned int, size, PAGE_SIZE));
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_round_size);

static void *gfifo_alloc(u32 size)
{
	return kvmalloc(size, GFP_KERNEL_ACCOUNT);
}

/**
 * gfifo_resize - change the capacity of a FIFO and keep what is queued
 * @g: the FIFO
 * @size: in bytes; rounded up as gfifo_round_size() does
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL for a size out of range; -EBUSY when more is queued than
 * would fit; -ENOMEM; -ERESTARTSYS after a signal.
 */
VISIBLE_IF_KUNIT int gfifo_resize(struct gfifo *g, u32 size)
{
	bool grown = false;
	void *buf;
	int ret;

	size = gfifo_round_size(size);
	if (!size)
		return -EINVAL;
	buf = gfifo_alloc(size);
	if (!buf)
		return -ENOMEM;
	ret = gfifo_lock_both(g);
	if (ret)
		goto free_buf;
	if (ldd_fifo_len(&g->fifo) <= size) {
		grown = size > g->fifo.size;
		buf = ldd_fifo_move(&g->fifo, buf, size);
	} else {
		ret = -EBUSY;
	}
	gfifo_unlock_both(g);
	if (grown)
		gfifo_announce(g, &g->wr);
free_buf:
	kvfree(buf);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_resize);

/**
 * gfifo_events - what poll(2) reports
 * @g: the FIFO
 *
 * Both directions, however the file is open: the classic programs watch for
 * room through a file that they opened for reading.
 *
 * Whoever is to sleep until that changes has to be in &gfifo_side.pollers
 * before.
 *
 * Context: any.
 * Return: EPOLLIN while bytes are queued, EPOLLOUT while there is room.
 */
VISIBLE_IF_KUNIT __poll_t gfifo_events(struct gfifo *g)
{
	__poll_t events = 0;

	if (gfifo_is_ready(g, &g->rd))
		events |= EPOLLIN | EPOLLRDNORM;
	if (gfifo_is_ready(g, &g->wr))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_events);

static struct gfifo *gfifo_of(const struct file *file)
{
	/* Set by misc_open(). */
	return container_of(file->private_data, struct gfifo, misc);
}

static int gfifo_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

static enum gfifo_wait gfifo_wait_of(const struct kiocb *iocb)
{
	if (iocb->ki_flags & IOCB_NOWAIT)
		return GFIFO_NOWAIT;
	return iocb->ki_filp->f_flags & O_NONBLOCK ? GFIFO_NONBLOCK : GFIFO_WAIT;
}

static ssize_t gfifo_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return gfifo_read(gfifo_of(iocb->ki_filp), to, gfifo_wait_of(iocb));
}

static ssize_t gfifo_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return gfifo_write(gfifo_of(iocb->ki_filp), from, gfifo_wait_of(iocb));
}

VISIBLE_IF_KUNIT __poll_t gfifo_poll(struct file *file, poll_table *wait)
{
	struct gfifo *g = gfifo_of(file);

	poll_wait(file, &g->rd.pollers, wait);
	poll_wait(file, &g->wr.pollers, wait);
	/*
	 * Pairs with the barrier in gfifo_show(): a change that is not seen
	 * below finds us in the queue.
	 */
	smp_mb();
	return gfifo_events(g);
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_poll);

static int gfifo_fasync(int fd, struct file *file, int on)
{
	return fasync_helper(fd, file, on, &gfifo_of(file)->fasync);
}

static long gfifo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct gfifo *g = gfifo_of(file);
	void __user *argp = (void __user *)arg;
	u32 size;

	switch (cmd) {
	case GFIFO_IOC_CLEAR:
	case GFIFO_IOC_CLEAR_LEGACY:
		return gfifo_clear(g);
	case GFIFO_IOC_GET_SIZE:
		return put_user(READ_ONCE(g->fifo.size), (u32 __user *)argp);
	case GFIFO_IOC_SET_SIZE:
		if (get_user(size, (u32 __user *)argp))
			return -EFAULT;
		return gfifo_resize(g, size);
	case FIONREAD:
		return put_user(ldd_fifo_len(&g->fifo), (int __user *)argp);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations gfifo_fops = {
	.owner		= THIS_MODULE,
	.open		= gfifo_open,
	.read_iter	= gfifo_read_iter,
	.write_iter	= gfifo_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.poll		= gfifo_poll,
	.fasync		= gfifo_fasync,
	.unlocked_ioctl	= gfifo_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct gfifo *gfifo_of_dev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct gfifo, misc);
}

static ssize_t gfifo_show_bytes(struct gfifo_side *side, char *buf)
{
	u64 bytes;

	/* Whoever holds the lock may be in a page fault that takes for ever. */
	if (mutex_lock_interruptible(&side->lock))
		return -ERESTARTSYS;
	bytes = side->bytes;
	mutex_unlock(&side->lock);
	return sysfs_emit(buf, "%llu\n", bytes);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(gfifo_of_dev(dev)->fifo.size));
}
static DEVICE_ATTR_RO(size);

static ssize_t queued_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", ldd_fifo_len(&gfifo_of_dev(dev)->fifo));
}
static DEVICE_ATTR_RO(queued);

static ssize_t bytes_read_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return gfifo_show_bytes(&gfifo_of_dev(dev)->rd, buf);
}
static DEVICE_ATTR_RO(bytes_read);

static ssize_t bytes_written_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return gfifo_show_bytes(&gfifo_of_dev(dev)->wr, buf);
}
static DEVICE_ATTR_RO(bytes_written);

static struct attribute *gfifo_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_queued.attr,
	&dev_attr_bytes_read.attr,
	&dev_attr_bytes_written.attr,
	NULL
};
ATTRIBUTE_GROUPS(gfifo);

static size_t gfifo_sleepers(struct gfifo_side *side)
{
	size_t count;

	spin_lock_irq(&side->sleepers.lock);
	count = list_count_nodes(&side->sleepers.head);
	spin_unlock_irq(&side->sleepers.lock);
	return count;
}

static int gfifo_state_show(struct seq_file *m, void *unused)
{
	struct gfifo *g = m->private;

	seq_printf(m, "size:             %u\n", READ_ONCE(g->fifo.size));
	seq_printf(m, "head:             %u\n", READ_ONCE(g->fifo.head));
	seq_printf(m, "tail:             %u\n", READ_ONCE(g->fifo.tail));
	seq_printf(m, "sleeping readers: %zu\n", gfifo_sleepers(&g->rd));
	seq_printf(m, "sleeping writers: %zu\n", gfifo_sleepers(&g->wr));
	seq_printf(m, "polled to read:   %d\n", wq_has_sleeper(&g->rd.pollers));
	seq_printf(m, "polled to write:  %d\n", wq_has_sleeper(&g->wr.pollers));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gfifo_state);

/**
 * gfifo_setup - make an empty FIFO that nobody sees yet
 * @g: zeroed memory
 * @size: capacity in bytes, as gfifo_round_size() returns it
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
VISIBLE_IF_KUNIT int gfifo_setup(struct gfifo *g, u32 size)
{
	void *buf = gfifo_alloc(size);

	if (!buf)
		return -ENOMEM;
	ldd_fifo_init(&g->fifo, buf, size);
	/* Not in a function for either side: lockdep tells the two apart. */
	mutex_init(&g->rd.lock);
	mutex_init(&g->wr.lock);
	init_waitqueue_head(&g->rd.sleepers);
	init_waitqueue_head(&g->wr.sleepers);
	init_waitqueue_head(&g->rd.pollers);
	init_waitqueue_head(&g->wr.pollers);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_setup);

/**
 * gfifo_teardown - free what gfifo_setup() allocated
 * @g: a FIFO that nobody uses any more
 */
VISIBLE_IF_KUNIT void gfifo_teardown(struct gfifo *g)
{
	kvfree(g->fifo.buf);
}
EXPORT_SYMBOL_IF_KUNIT(gfifo_teardown);

static struct gfifo *gfifos;
static struct dentry *gfifo_debugfs;

static int __init gfifo_add(struct gfifo *g, unsigned int index, u32 size)
{
	int ret = gfifo_setup(g, size);

	if (ret)
		return ret;
	if (index)
		snprintf(g->name, sizeof(g->name), "gfifo%u", index);
	else
		strscpy(g->name, "gfifo");
	g->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = g->name,
		.mode = 0666,
		.fops = &gfifo_fops,
		.groups = gfifo_groups,
	};
	ret = misc_register(&g->misc);
	if (ret) {
		gfifo_teardown(g);
		return ret;
	}
	debugfs_create_file("state", 0400,
			    debugfs_create_dir(g->name, gfifo_debugfs),
			    g, &gfifo_state_fops);
	return 0;
}

static void gfifo_remove(struct gfifo *g)
{
	misc_deregister(&g->misc);
	gfifo_teardown(g);
}

static int __init gfifo_init(void)
{
	u32 size = gfifo_round_size(gfifo_size);
	unsigned int i;
	int ret;

	if (!size) {
		pr_err("size=%u is not from 1 to %u bytes\n", gfifo_size,
		       GFIFO_SIZE_MAX);
		return -EINVAL;
	}
	if (!gfifo_devices || gfifo_devices > GFIFO_DEVICES_MAX) {
		pr_err("devices=%u is not from 1 to %u\n", gfifo_devices,
		       GFIFO_DEVICES_MAX);
		return -EINVAL;
	}
	gfifos = kcalloc(gfifo_devices, sizeof(*gfifos), GFP_KERNEL);
	if (!gfifos)
		return -ENOMEM;
	gfifo_debugfs = debugfs_create_dir("gfifo", ldd_debugfs_root);
	for (i = 0; i < gfifo_devices; i++) {
		ret = gfifo_add(&gfifos[i], i, size);
		if (ret)
			goto remove_added;
	}
	return 0;

remove_added:
	debugfs_remove(gfifo_debugfs);
	while (i--)
		gfifo_remove(&gfifos[i]);
	kfree(gfifos);
	return ret;
}
module_init(gfifo_init);

static void __exit gfifo_exit(void)
{
	debugfs_remove(gfifo_debugfs);
	for (unsigned int i = 0; i < gfifo_devices; i++)
		gfifo_remove(&gfifos[i]);
	kfree(gfifos);
}
module_exit(gfifo_exit);

MODULE_DESCRIPTION("A byte FIFO with every kind of waiting");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
