// SPDX-License-Identifier: GPL-2.0
/*
 * Latch: hands each wake-up to exactly one waiter, the longest waiting one, or
 * remembers a single wake-up when nobody waits.
 *
 * Who was chosen is written down in the waiter itself and not in a flag that
 * all share, so no wake-up can reach two waiters, and none can get lost between
 * one who leaves and one who arrives.
 */
#include <linux/export.h>
#include <linux/ldd/latch.h>

/**
 * ldd_latch_wait - take the remembered wake-up, or queue up for the next one
 * @latch: the latch
 * @waiter: the one who waits; its content need not be initialised
 *
 * Context: any; the caller serialises calls on one latch.
 * Return: true when @waiter was chosen at once and is not queued, false when it
 * is now the last in the queue.
 */
bool ldd_latch_wait(struct ldd_latch *latch, struct ldd_latch_waiter *waiter)
{
	waiter->chosen = latch->set;
	WRITE_ONCE(latch->set, false);
	if (waiter->chosen)
		INIT_LIST_HEAD(&waiter->node);
	else
		list_add_tail(&waiter->node, &latch->waiters);
	return waiter->chosen;
}
EXPORT_SYMBOL_GPL(ldd_latch_wait);

/**
 * ldd_latch_wake - hand out one wake-up
 * @latch: the latch
 *
 * A second wake-up is not remembered while one is.
 *
 * Context: any; the caller serialises calls on one latch.
 * Return: the waiter that was chosen, the caller has to wake it; NULL when
 * nobody waited and the wake-up is remembered.
 */
struct ldd_latch_waiter *ldd_latch_wake(struct ldd_latch *latch)
{
	struct ldd_latch_waiter *waiter;

	waiter = list_first_entry_or_null(&latch->waiters,
					  struct ldd_latch_waiter, node);
	if (!waiter) {
		/* Who polls looks without the lock. */
		WRITE_ONCE(latch->set, true);
		return NULL;
	}
	list_del_init(&waiter->node);
	/* The waiter may look without the lock, to find out why it runs. */
	WRITE_ONCE(waiter->chosen, true);
	return waiter;
}
EXPORT_SYMBOL_GPL(ldd_latch_wake);

/**
 * ldd_latch_cancel - stop waiting
 * @waiter: one that ldd_latch_wait() has seen; it is forgotten
 *
 * Context: any; the caller serialises calls on one latch.
 * Return: true when @waiter had been chosen: the caller owes that wake-up to
 * the next one and passes it on with ldd_latch_wake(). False otherwise.
 */
bool ldd_latch_cancel(struct ldd_latch_waiter *waiter)
{
	list_del_init(&waiter->node);
	return waiter->chosen;
}
EXPORT_SYMBOL_GPL(ldd_latch_cancel);
