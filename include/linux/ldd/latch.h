/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LDD_LATCH_H
#define _LINUX_LDD_LATCH_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct ldd_latch - hands wake-ups to waiters, one each, in order of arrival
 * @waiters: those not chosen yet, the longest waiting first
 * @set: a wake-up came while nobody waited and is remembered
 *
 * @set is true only while @waiters is empty. The latch has no lock of its own:
 * the caller serialises all calls on one latch.
 */
struct ldd_latch {
	struct list_head waiters;
	bool set;
};

/**
 * struct ldd_latch_waiter - one who waits for a wake-up
 * @node: in &ldd_latch.waiters until chosen, empty afterwards
 * @chosen: a wake-up was handed to this waiter
 */
struct ldd_latch_waiter {
	struct list_head node;
	bool chosen;
};

/**
 * LDD_LATCH_INIT - a latch without waiters and without a remembered wake-up
 * @name: the latch
 */
#define LDD_LATCH_INIT(name) { .waiters = LIST_HEAD_INIT((name).waiters) }

bool ldd_latch_wait(struct ldd_latch *latch, struct ldd_latch_waiter *waiter);
struct ldd_latch_waiter *ldd_latch_wake(struct ldd_latch *latch);
bool ldd_latch_cancel(struct ldd_latch_waiter *waiter);

#endif /* _LINUX_LDD_LATCH_H */
