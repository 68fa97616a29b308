/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_GFIFO_H
#define _LDD_GFIFO_H

#include <linux/ldd/fifo.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>

struct iov_iter;

/**
 * struct gfifo_side - what readers and writers each have one of
 * @lock: held for a whole transfer, which keeps the bytes of one call together.
 *	The reading side's guards &ldd_fifo.tail, the writing side's
 *	&ldd_fifo.head; with both held (reading first) the ring may be replaced.
 * @sleepers: tasks that sleep in a read or a write, all of them exclusive
 * @pollers: those who wait for poll, select or epoll. They are apart because an
 *	EPOLLEXCLUSIVE one that does nothing with its wake-up would otherwise
 *	take it from a task that sleeps.
 * @bytes: transferred so far, guarded by @lock
 */
struct gfifo_side {
	struct mutex lock; /* guards an index of the ring, and bytes */
	wait_queue_head_t sleepers;
	wait_queue_head_t pollers;
	u64 bytes;
};

/**
 * struct gfifo - one /dev/gfifo*
 * @fifo: the bytes
 * @rd: the readers
 * @wr: the writers
 * @fasync: files whose owners get SIGIO; has a lock of its own
 * @misc: the device node
 * @name: its name
 */
struct gfifo {
	struct ldd_fifo fifo;
	struct gfifo_side rd;
	struct gfifo_side wr;
	struct fasync_struct *fasync;
	struct miscdevice misc;
	char name[16];
};

/**
 * enum gfifo_wait - how long a transfer may take to get started
 * @GFIFO_WAIT: until the FIFO is ready
 * @GFIFO_NONBLOCK: as long as it takes to get the lock (O_NONBLOCK)
 * @GFIFO_NOWAIT: no time at all (IOCB_NOWAIT)
 */
enum gfifo_wait {
	GFIFO_WAIT,
	GFIFO_NONBLOCK,
	GFIFO_NOWAIT,
};

#if IS_ENABLED(CONFIG_KUNIT)
u32 gfifo_round_size(unsigned int size);
int gfifo_setup(struct gfifo *g, u32 size);
void gfifo_teardown(struct gfifo *g);
ssize_t gfifo_read(struct gfifo *g, struct iov_iter *to, enum gfifo_wait wait);
ssize_t gfifo_write(struct gfifo *g, struct iov_iter *from,
		    enum gfifo_wait wait);
int gfifo_clear(struct gfifo *g);
int gfifo_resize(struct gfifo *g, u32 size);
__poll_t gfifo_events(struct gfifo *g);
__poll_t gfifo_poll(struct file *file, poll_table *wait);
#endif

#endif /* _LDD_GFIFO_H */
