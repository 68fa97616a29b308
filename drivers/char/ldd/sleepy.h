/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_SLEEPY_H
#define _LDD_SLEEPY_H

#include <linux/ldd/latch.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/**
 * struct sleepy - state of /dev/sleepy
 * @lock: guards @latch, @wakeups and the choice of a sleeper
 * @latch: who sleeps, and whether a wake-up is remembered
 * @wakeups: wake-ups sent so far
 * @pollers: those who poll; sleeping readers are in @latch
 */
struct sleepy {
	spinlock_t lock; /* guards latch and wakeups */
	struct ldd_latch latch;
	u64 wakeups;
	wait_queue_head_t pollers;
};

#if IS_ENABLED(CONFIG_KUNIT)
int sleepy_sleep(struct sleepy *s, bool nonblock);
void sleepy_wake(struct sleepy *s);
__poll_t sleepy_events(struct sleepy *s);
#endif

#endif /* _LDD_SLEEPY_H */
