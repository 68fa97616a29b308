// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers that outlive the call: the buffer is pinned when it is submitted, and
 * a worker moves the bytes, later. An asynchronous operation then completes; a
 * synchronous one has somebody who waits for that.
 *
 * Each operation is one work item that is queued once. Whoever gets it off the
 * queue has it alone: the worker to run it, ldd_async_cancel() to queue it anew,
 * or the one who waited and is killed, to end it. So it completes exactly once.
 */
#include <kunit/visibility.h>
#include <linux/aio.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <trace/events/ldd.h>

#include "async.h"
#include "pinned.h"

/**
 * struct ldd_op - one transfer
 * @async: of which device
 * @work: queued from the submission until it runs
 * @iocb: to complete; NULL when somebody waits for @done
 * @done: @ret and @pos are what came of it
 * @users: the worker, and whoever waits for @done
 * @memcg: who pays for the memory that it takes
 * @due: when it may be made, at the earliest
 * @number: tells it apart from others
 * @write: into the device
 * @cancelled: complete without a transfer
 * @flags: of the kiocb
 * @pos: where in the device
 * @ret: bytes, or an error
 * @buffer: where the bytes come from or go to
 */
struct ldd_op {
	struct ldd_async *async;
	struct delayed_work work;
	struct kiocb *iocb;
	struct completion done;
	refcount_t users;
	struct mem_cgroup *memcg;
	ktime_t due;
	unsigned long number;
	bool write;
	bool cancelled;
	int flags;
	loff_t pos;
	ssize_t ret;
	struct ldd_pinned buffer;
};

static void ldd_op_put(struct ldd_op *op)
{
	if (refcount_dec_and_test(&op->users))
		kvfree(op);
}

static ssize_t ldd_op_transfer(struct ldd_op *op)
{
	struct mem_cgroup *old;
	struct iov_iter iter;
	ssize_t ret;

	if (op->cancelled)
		return -ECANCELED;
	iov_iter_bvec(&iter, op->write ? ITER_SOURCE : ITER_DEST,
		      op->buffer.vecs, op->buffer.count, op->buffer.bytes);
	old = set_active_memcg(op->memcg);
	ret = op->async->transfer(op->async, &iter, &op->pos, op->flags);
	set_active_memcg(old);
	return ret;
}

static void ldd_op_complete(struct ldd_op *op)
{
	struct kiocb *iocb = op->iocb;

	trace_ldd_async_complete(op->async->name, op->number, op->write, op->ret);
	atomic_dec(&op->async->in_flight);
	if (!iocb) {
		complete(&op->done);
		return;
	}
	iocb->ki_pos = op->pos;
	/* This may be the last who has the file, and the iocb is gone afterwards. */
	iocb->ki_complete(iocb, op->ret);
}

/* For whoever has it off the queue. */
static void ldd_op_end(struct ldd_op *op, ssize_t ret)
{
	op->ret = ret;
	ldd_unpin(&op->buffer, op->write ? 0 : max(ret, 0));
	mem_cgroup_put(op->memcg);
	ldd_op_complete(op);
	/* Not earlier: until it is complete, aio may want to cancel it. */
	ldd_op_put(op);
}

static void ldd_op_run(struct work_struct *work)
{
	struct ldd_op *op = container_of(to_delayed_work(work), struct ldd_op, work);

	/* Where ticks come late, a timer that was set between two of them is early. */
	if (!op->cancelled && ktime_before(ktime_get(), op->due))
		queue_delayed_work(op->async->workers, &op->work, 1);
	else
		ldd_op_end(op, ldd_op_transfer(op));
}

static struct ldd_op *ldd_op_new(struct ldd_async *async, struct kiocb *iocb,
				 struct iov_iter *iter)
{
	unsigned int pages = iov_iter_npages(iter, INT_MAX);
	struct ldd_op *op;
	int ret;

	op = kvzalloc(struct_size(op, buffer.vecs, pages), GFP_KERNEL_ACCOUNT);
	if (!op)
		return ERR_PTR(-ENOMEM);
	op->async = async;
	INIT_DELAYED_WORK(&op->work, ldd_op_run);
	init_completion(&op->done);
	refcount_set(&op->users, 1);
	op->write = iov_iter_rw(iter) == WRITE;
	op->flags = iocb->ki_flags;
	op->pos = iocb->ki_pos;
	ret = ldd_pin(&op->buffer, iter, pages);
	if (ret) {
		kvfree(op);
		return ERR_PTR(ret);
	}
	op->memcg = get_mem_cgroup_from_mm(current->mm);
	return op;
}

static void ldd_op_start(struct ldd_op *op, unsigned long delay)
{
	struct ldd_async *async = op->async;
	bool prompt = op->cancelled || op->flags & IOCB_NOWAIT;

	queue_delayed_work(prompt ? async->prompt : async->workers, &op->work, delay);
}

/*
 * One who is killed takes back what no worker has begun, and leaves the rest behind:
 * it has its own hold on the pages.
 */
static ssize_t ldd_op_wait(struct ldd_op *op, struct kiocb *iocb,
			   struct iov_iter *iter)
{
	ssize_t ret = -EINTR;

	refcount_inc(&op->users);
	ldd_op_start(op, 0);
	if (!wait_for_completion_killable(&op->done)) {
		ret = op->ret;
		iocb->ki_pos = op->pos;
		iov_iter_revert(iter, op->buffer.bytes - max(ret, 0));
	} else if (cancel_delayed_work(&op->work)) {
		ldd_op_end(op, -EINTR);
	}
	ldd_op_put(op);
	return ret;
}

/**
 * ldd_async_cancel - complete an operation of aio now, without a transfer
 * @iocb: of an operation that has not completed
 *
 * Context: any; aio calls it with a spinlock held, which ki_complete takes, too.
 * Return: 0, and it completes with -ECANCELED; -EAGAIN when it is too late, or too
 * early: it completes as if nothing had been said.
 */
VISIBLE_IF_KUNIT int ldd_async_cancel(struct kiocb *iocb)
{
	struct ldd_op *op = iocb->private;

	if (!cancel_delayed_work(&op->work))
		return -EAGAIN;
	op->cancelled = true;
	ldd_op_start(op, 0);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ldd_async_cancel);

/* Not at the next tick, which may be near, but after that. */
static unsigned long ldd_async_jiffies(unsigned int delay)
{
	return delay ? msecs_to_jiffies(delay) + 1 : 0;
}

/**
 * ldd_async_submit - have a worker make a transfer
 * @async: of the device
 * @iocb: the operation; its file is held by whoever gave it until it completes
 * @iter: the buffer, not empty
 * @delay: of an asynchronous operation, in ms; at least so much later it is made
 *
 * The buffer is pinned in here. An asynchronous operation never waits for others,
 * so IOCB_NOWAIT is of no concern to it. A synchronous one waits for the worker;
 * with IOCB_NOWAIT, that waits for nobody. Nobody but the caller keeps a buffer of
 * the kernel's own, so a synchronous transfer of one is made in the call.
 *
 * Context: process context; may fault on the buffer, and waits for transfers: no
 * lock of the device is held.
 * Return: -EIOCBQUEUED, and the operation completes, once, by ki_complete. Else
 * what came of it: the number of bytes; -EFAULT when not one byte of the buffer
 * can be had; -ENOMEM; -EINTR when the task is being killed, and the transfer may
 * come nevertheless; errors of the transfer.
 */
ssize_t ldd_async_submit(struct ldd_async *async, struct kiocb *iocb,
			 struct iov_iter *iter, unsigned int delay)
{
	struct ldd_op *op;

	if (is_sync_kiocb(iocb) && !user_backed_iter(iter))
		return async->transfer(async, iter, &iocb->ki_pos, iocb->ki_flags);
	op = ldd_op_new(async, iocb, iter);
	if (IS_ERR(op))
		return PTR_ERR(op);
	op->number = atomic_long_inc_return(&async->submitted);
	atomic_inc(&async->in_flight);
	trace_ldd_async_submit(async->name, op->number, op->write, op->pos,
			       op->buffer.bytes);
	if (is_sync_kiocb(iocb))
		return ldd_op_wait(op, iocb, iter);
	op->iocb = iocb;
	op->flags &= ~IOCB_NOWAIT;
	op->due = ktime_add_ms(ktime_get(), delay);
	iocb->private = op;
	/* Before it starts: it may be complete, and gone, at once. */
	kiocb_set_cancel_fn(iocb, ldd_async_cancel);
	ldd_op_start(op, ldd_async_jiffies(delay));
	return -EIOCBQUEUED;
}
EXPORT_SYMBOL_GPL(ldd_async_submit);

/**
 * ldd_async_init - get ready for transfers
 * @async: zeroed but for the name and the transfer operation
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ldd_async_init(struct ldd_async *async)
{
	/* A transfer is a copy: more at once than there are CPUs gain nothing. */
	async->workers = alloc_workqueue("ldd_%s", WQ_UNBOUND, num_online_cpus(),
					 async->name);
	if (!async->workers)
		return -ENOMEM;
	async->prompt = alloc_workqueue("ldd_%s_prompt", WQ_UNBOUND, 0, async->name);
	if (async->prompt)
		return 0;
	destroy_workqueue(async->workers);
	return -ENOMEM;
}
EXPORT_SYMBOL_GPL(ldd_async_init);

/**
 * ldd_async_destroy - wait for the workers and send them home
 * @async: of a device that nobody has open: all that was submitted is complete,
 *	or was left behind by one who was killed
 *
 * Context: process context, may sleep.
 */
void ldd_async_destroy(struct ldd_async *async)
{
	destroy_workqueue(async->prompt);
	destroy_workqueue(async->workers);
}
EXPORT_SYMBOL_GPL(ldd_async_destroy);
