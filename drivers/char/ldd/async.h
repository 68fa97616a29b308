/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_ASYNC_H
#define _LDD_ASYNC_H

#include <linux/atomic.h>
#include <linux/types.h>

struct iov_iter;
struct kiocb;
struct workqueue_struct;

/**
 * struct ldd_async - transfers of a device that a kernel worker makes
 * @name: of the device
 * @transfer: moves bytes between the device and @iter, in a worker, where it may
 *	sleep. @flags are those of the kiocb. Returns the number of bytes, having
 *	moved *@pos on by that, or an error.
 * @workers: who makes them; all may wait for the device
 * @prompt: who makes those that wait for nobody, with IOCB_NOWAIT, and completes
 *	what is cancelled, even then
 * @submitted: how many there have been; each has the next number
 * @in_flight: how many have not completed yet
 */
struct ldd_async {
	const char *name;
	ssize_t (*transfer)(struct ldd_async *async, struct iov_iter *iter,
			    loff_t *pos, int flags);
	struct workqueue_struct *workers;
	struct workqueue_struct *prompt;
	atomic_long_t submitted;
	atomic_t in_flight;
};

/**
 * ldd_async_in_flight - how many transfers have not completed yet
 * @async: of the device
 *
 * Context: any.
 * Return: their number. One is not counted any more when somebody is told that
 * it is complete.
 */
static inline int ldd_async_in_flight(const struct ldd_async *async)
{
	return atomic_read(&async->in_flight);
}

int ldd_async_init(struct ldd_async *async);
void ldd_async_destroy(struct ldd_async *async);
ssize_t ldd_async_submit(struct ldd_async *async, struct kiocb *iocb,
			 struct iov_iter *iter, unsigned int delay);

#if IS_ENABLED(CONFIG_KUNIT)
int ldd_async_cancel(struct kiocb *iocb);
#endif

#endif /* _LDD_ASYNC_H */
