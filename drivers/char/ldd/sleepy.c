// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/sleepy - a wait queue you can watch
 *
 * read(2) sleeps until woken and returns 0. write(2) wakes the reader that has
 * slept longest, or is remembered, once, for the next read. poll(2) reports
 * POLLIN while a wake-up is remembered, and POLLOUT always.
 *
 * See Documentation/driver-api/ldd/sleepy.rst.
 */
#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include <trace/events/ldd.h>

#include "core.h"
#include "sleepy.h"

#define SLEEPY_NAME "sleepy"

/* One sleeping read(2), on the stack of its task. */
struct sleeper {
	struct ldd_latch_waiter waiter;	/* guarded by sleepy.lock */
	struct rcuwait wait;
};

/* Give one wake-up to the longest sleeper, or remember it for the next read. */
static void sleepy_wake_locked(struct sleepy *s)
{
	struct ldd_latch_waiter *waiter;

	lockdep_assert_held(&s->lock);
	waiter = ldd_latch_wake(&s->latch);
	if (waiter) {
		trace_ldd_wake(SLEEPY_NAME, false);
		rcuwait_wake_up(&container_of(waiter, struct sleeper, waiter)->wait);
	} else {
		wake_up_interruptible_poll(&s->pollers, EPOLLIN | EPOLLRDNORM);
	}
}

/**
 * sleepy_wake - send one wake-up
 * @s: the device
 *
 * Context: process context, does not sleep.
 */
VISIBLE_IF_KUNIT void sleepy_wake(struct sleepy *s)
{
	spin_lock(&s->lock);
	s->wakeups++;
	sleepy_wake_locked(s);
	spin_unlock(&s->lock);
}
EXPORT_SYMBOL_IF_KUNIT(sleepy_wake);

/*
 * Leave the queue. One who leaves because of a signal may have been chosen at
 * that very moment and hands the wake-up to the next one. Deciding that under
 * the lock that sleepy_wake() chooses under is what keeps the count exact. It
 * also keeps @self, on our stack, in being until sleepy_wake() is done with it.
 */
static int sleepy_leave(struct sleepy *s, struct sleeper *self)
{
	int ret = 0;

	spin_lock(&s->lock);
	if (!self->waiter.chosen || signal_pending(current)) {
		if (ldd_latch_cancel(&self->waiter))
			sleepy_wake_locked(s);
		ret = -ERESTARTSYS;
	}
	spin_unlock(&s->lock);
	return ret;
}

/**
 * sleepy_sleep - take the remembered wake-up, or sleep until chosen
 * @s: the device
 * @nonblock: do not sleep
 *
 * Context: process context, sleeps unless @nonblock.
 * Return: 0 after a wake-up, -EAGAIN when it would have to sleep, -ERESTARTSYS
 * after a signal.
 */
VISIBLE_IF_KUNIT int sleepy_sleep(struct sleepy *s, bool nonblock)
{
	struct sleeper self;
	bool chosen;

	rcuwait_init(&self.wait);
	spin_lock(&s->lock);
	chosen = ldd_latch_wait(&s->latch, &self.waiter);
	if (!chosen && nonblock)
		ldd_latch_cancel(&self.waiter);
	spin_unlock(&s->lock);
	if (chosen)
		return 0;
	if (nonblock)
		return -EAGAIN;

	trace_ldd_sleep(SLEEPY_NAME, false);
	rcuwait_wait_event(&self.wait, READ_ONCE(self.waiter.chosen),
			   TASK_INTERRUPTIBLE);
	trace_ldd_resume(SLEEPY_NAME, false);
	return sleepy_leave(s, &self);
}
EXPORT_SYMBOL_IF_KUNIT(sleepy_sleep);

/**
 * sleepy_events - what poll(2) reports
 * @s: the device
 *
 * Whoever is to sleep until that changes has to be in &sleepy.pollers before.
 *
 * Context: any.
 * Return: EPOLLIN while a wake-up is remembered; EPOLLOUT always.
 */
VISIBLE_IF_KUNIT __poll_t sleepy_events(struct sleepy *s)
{
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	if (READ_ONCE(s->latch.set))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}
EXPORT_SYMBOL_IF_KUNIT(sleepy_events);

/* Initialised by the compiler: it cannot be live before its lock is. */
static struct sleepy sleepy = {
	.lock = __SPIN_LOCK_UNLOCKED(sleepy.lock),
	.latch = LDD_LATCH_INIT(sleepy.latch),
	.pollers = __WAIT_QUEUE_HEAD_INITIALIZER(sleepy.pollers),
};

static int sleepy_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

static ssize_t sleepy_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	if (!iov_iter_count(to))
		return 0;
	return sleepy_sleep(&sleepy, (iocb->ki_filp->f_flags & O_NONBLOCK) ||
				     (iocb->ki_flags & IOCB_NOWAIT));
}

/* Any write is a wake-up, even an empty one: the bytes are never looked at. */
static ssize_t sleepy_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	size_t count = iov_iter_count(from);

	sleepy_wake(&sleepy);
	iov_iter_advance(from, count);
	return count;
}

static __poll_t sleepy_poll(struct file *file, poll_table *wait)
{
	/*
	 * poll_wait() takes the lock of the queue, and so does the wake-up that
	 * follows each setting of the latch. If that came first, it is seen
	 * below; if it comes later, it finds us in the queue.
	 */
	poll_wait(file, &sleepy.pollers, wait);
	return sleepy_events(&sleepy);
}

static const struct file_operations sleepy_fops = {
	.owner		= THIS_MODULE,
	.open		= sleepy_open,
	.read_iter	= sleepy_read_iter,
	.write_iter	= sleepy_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.poll		= sleepy_poll,
};

static u64 sleepy_wakeups(struct sleepy *s)
{
	u64 wakeups;

	spin_lock(&s->lock);
	wakeups = s->wakeups;
	spin_unlock(&s->lock);
	return wakeups;
}

static size_t sleepy_sleepers(struct sleepy *s)
{
	size_t count;

	spin_lock(&s->lock);
	count = list_count_nodes(&s->latch.waiters);
	spin_unlock(&s->lock);
	return count;
}

static ssize_t wakeups_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%llu\n", sleepy_wakeups(&sleepy));
}
static DEVICE_ATTR_RO(wakeups);

static ssize_t sleepers_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%zu\n", sleepy_sleepers(&sleepy));
}
static DEVICE_ATTR_RO(sleepers);

static struct attribute *sleepy_attrs[] = {
	&dev_attr_wakeups.attr,
	&dev_attr_sleepers.attr,
	NULL
};
ATTRIBUTE_GROUPS(sleepy);

static struct miscdevice sleepy_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= SLEEPY_NAME,
	.mode	= 0666,
	.fops	= &sleepy_fops,
	.groups	= sleepy_groups,
};

static int sleepy_state_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "remembered: %d\n", READ_ONCE(sleepy.latch.set));
	seq_printf(m, "sleepers:   %zu\n", sleepy_sleepers(&sleepy));
	seq_printf(m, "polled:     %d\n", wq_has_sleeper(&sleepy.pollers));
	seq_printf(m, "wakeups:    %llu\n", sleepy_wakeups(&sleepy));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sleepy_state);

static struct dentry *sleepy_debugfs;

static int __init sleepy_init(void)
{
	int ret;

	ret = misc_register(&sleepy_misc);
	if (ret)
		return ret;
	sleepy_debugfs = debugfs_create_dir(SLEEPY_NAME, ldd_debugfs_root);
	debugfs_create_file("state", 0400, sleepy_debugfs, NULL,
			    &sleepy_state_fops);
	return 0;
}
module_init(sleepy_init);

static void __exit sleepy_exit(void)
{
	debugfs_remove(sleepy_debugfs);
	misc_deregister(&sleepy_misc);
}
module_exit(sleepy_exit);

MODULE_DESCRIPTION("A wait queue you can watch");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
