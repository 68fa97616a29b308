// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of transfers that a worker makes: each completes once, with what
 * came of it; and the pages of the buffer are held, marked dirty and let go. The
 * device is one of the test's own, which does as it is told.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../async.h"
#include "../pinned.h"
#include "util.h"

#define COUNT 100	/* bytes of a transfer */
#define MANY 1000	/* transfers in flight */
#define START 7		/* where in the device */

/* What a transfer is to come to; how many there were; and what one waits for. */
static struct {
	ssize_t plan;
	atomic_t calls;
	bool gated;
	struct completion gate;
} fake;

static ssize_t fake_transfer(struct ldd_async *async, struct iov_iter *iter,
			     loff_t *pos, int flags)
{
	char bytes[COUNT];
	ssize_t done;

	atomic_inc(&fake.calls);
	if (fake.gated)
		wait_for_completion(&fake.gate);
	if (fake.plan < 0)
		return fake.plan;
	memset(bytes, 'd', sizeof(bytes));
	done = min_t(ssize_t, fake.plan, sizeof(bytes));
	done = iov_iter_rw(iter) == WRITE ? copy_from_iter(bytes, done, iter) :
					    copy_to_iter(bytes, done, iter);
	*pos += done;
	return done;
}

/* An asynchronous operation, and how often it completed. */
struct test_op {
	struct kiocb iocb;
	atomic_t completions;
	long ret;
	struct completion done;
};

static void test_op_complete(struct kiocb *iocb, long ret)
{
	struct test_op *op = container_of(iocb, struct test_op, iocb);

	op->ret = ret;
	atomic_inc(&op->completions);
	complete(&op->done);
}

static struct ldd_async *device;
static struct test_op *ops;
static char buffer[COUNT];

static void async_end(void *async)
{
	fake.gated = false;
	complete_all(&fake.gate);
	ldd_async_destroy(async);
}

static int async_test_init(struct kunit *test)
{
	memset(&fake, 0, sizeof(fake));
	init_completion(&fake.gate);
	fake.plan = COUNT;
	ops = kunit_kcalloc(test, MANY, sizeof(*ops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, device);
	device->name = "kunit";
	device->transfer = fake_transfer;
	KUNIT_ASSERT_EQ(test, ldd_async_init(device), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, async_end, device), 0);
	return 0;
}

static ssize_t async_start(struct test_op *op, struct iov_iter *iter,
			   unsigned int delay)
{
	init_completion(&op->done);
	op->iocb.ki_pos = START;
	op->iocb.ki_complete = test_op_complete;
	return ldd_async_submit(device, &op->iocb, iter, delay);
}

static struct iov_iter async_buffer(unsigned int direction)
{
	static struct kvec vec = { .iov_base = buffer, .iov_len = COUNT };
	struct iov_iter iter;

	iov_iter_kvec(&iter, direction, &vec, 1, COUNT);
	return iter;
}

/* It has completed, once, and the device knows of nothing more. */
static void async_expect(struct kunit *test, struct test_op *op, long ret)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&op->done, 10 * HZ), 0);
	KUNIT_EXPECT_EQ(test, op->ret, ret);
	KUNIT_EXPECT_EQ(test, op->iocb.ki_pos, START + max(ret, 0));
	KUNIT_EXPECT_EQ(test, ldd_async_in_flight(device), 0);
	/* A second time would be in the same work, or in another one. */
	drain_workqueue(device->workers);
	KUNIT_EXPECT_EQ(test, atomic_read(&op->completions), 1);
}

struct async_result_case {
	const char *desc;
	ssize_t result;
};

static const struct async_result_case async_result_cases[] = {
	{ "all", COUNT },
	{ "all but one byte", COUNT - 1 },
	{ "one byte", 1 },
	{ "nothing", 0 },
	{ "no room", -ENOSPC },
	{ "no memory", -ENOMEM },
	{ "bad buffer", -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(async_result, async_result_cases, desc);

static const unsigned int directions[] = { ITER_DEST, ITER_SOURCE };

/* Bug 14 */
static void async_test_result(struct kunit *test)
{
	const struct async_result_case *p = test->param_value;
	struct iov_iter iter;

	fake.plan = p->result;
	for (int i = 0; i < ARRAY_SIZE(directions); i++) {
		iter = async_buffer(directions[i]);
		KUNIT_ASSERT_EQ(test, async_start(&ops[i], &iter, i), -EIOCBQUEUED);
		async_expect(test, &ops[i], p->result);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.calls), ARRAY_SIZE(directions));
}

static void async_expect_sync(struct kunit *test, struct iov_iter *iter, ssize_t ret)
{
	struct kiocb iocb = { .ki_pos = START };

	KUNIT_EXPECT_EQ(test, ldd_async_submit(device, &iocb, iter, 0), ret);
	KUNIT_EXPECT_EQ(test, iocb.ki_pos, START + max(ret, 0));
	KUNIT_EXPECT_EQ(test, iov_iter_count(iter), COUNT - max(ret, 0));
	KUNIT_EXPECT_EQ(test, ldd_async_in_flight(device), 0);
}

/* A user's buffer is for a worker, one of the kernel's own for the call. */
static void async_test_sync_result(struct kunit *test)
{
	const struct async_result_case *p = test->param_value;
	char __user *at = test_half_mapped(test);
	struct iov_iter iter;

	fake.plan = p->result;
	for (int i = 0; i < ARRAY_SIZE(directions); i++) {
		iter = async_buffer(directions[i]);
		async_expect_sync(test, &iter, p->result);
		KUNIT_ASSERT_EQ(test, import_ubuf(directions[i], at, COUNT, &iter), 0);
		async_expect_sync(test, &iter, p->result);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.calls), 2 * ARRAY_SIZE(directions));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&device->submitted), ARRAY_SIZE(directions));
}

static void async_test_later(struct kunit *test)
{
	struct iov_iter iter = async_buffer(ITER_DEST);

	fake.gated = true;
	KUNIT_ASSERT_EQ(test, async_start(ops, &iter, 0), -EIOCBQUEUED);
	test_wait_asleep(test, 1, atomic_read, &fake.calls);
	KUNIT_EXPECT_EQ(test, atomic_read(&ops->completions), 0);
	KUNIT_EXPECT_EQ(test, ldd_async_in_flight(device), 1);
	complete(&fake.gate);
	async_expect(test, ops, COUNT);
}

static void async_test_delay(struct kunit *test)
{
	static const unsigned int delays[] = { 1, 5, 20 };
	struct iov_iter iter;
	ktime_t start;

	for (int i = 0; i < ARRAY_SIZE(delays); i++) {
		iter = async_buffer(ITER_DEST);
		start = ktime_get();
		KUNIT_ASSERT_EQ(test, async_start(&ops[i], &iter, delays[i]),
				-EIOCBQUEUED);
		async_expect(test, &ops[i], COUNT);
		KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), start), delays[i]);
	}
}

static void async_test_cancel(struct kunit *test)
{
	struct iov_iter iter = async_buffer(ITER_DEST);

	KUNIT_ASSERT_EQ(test, async_start(ops, &iter, 60000), -EIOCBQUEUED);
	KUNIT_EXPECT_EQ(test, ldd_async_cancel(&ops->iocb), 0);
	async_expect(test, ops, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.calls), 0);
}

static void async_test_cancel_too_late(struct kunit *test)
{
	struct iov_iter iter = async_buffer(ITER_DEST);

	fake.gated = true;
	KUNIT_ASSERT_EQ(test, async_start(ops, &iter, 0), -EIOCBQUEUED);
	test_wait_asleep(test, 1, atomic_read, &fake.calls);
	KUNIT_EXPECT_EQ(test, ldd_async_cancel(&ops->iocb), -EAGAIN);
	complete(&fake.gate);
	async_expect(test, ops, COUNT);
}

/*
 * Some at once, some later; those that are to be cancelled so late that they cannot
 * be complete, and gone, before.
 */
static void async_test_many(struct kunit *test)
{
	int bad = 0;

	for (int i = 0; i < MANY; i++) {
		struct iov_iter iter = async_buffer(ITER_SOURCE);

		bad += async_start(&ops[i], &iter, i % 5 ? i % 3 * 20 : 60000) !=
		       -EIOCBQUEUED;
	}
	for (int i = 0; i < MANY; i += 5)
		bad += !!ldd_async_cancel(&ops[i].iocb);
	for (int i = 0; i < MANY; i++)
		bad += !wait_for_completion_timeout(&ops[i].done, 10 * HZ);
	drain_workqueue(device->workers);
	for (int i = 0; i < MANY; i++) {
		bad += atomic_read(&ops[i].completions) != 1;
		bad += ops[i].ret != (i % 5 ? COUNT : -ECANCELED);
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_EQ(test, ldd_async_in_flight(device), 0);
}

/* What there is of the buffer counts; with nothing there, nothing was started. */
static void async_test_half_mapped(struct kunit *test)
{
	char __user *end = test_half_mapped(test) + PAGE_SIZE;
	struct iov_iter iter;

	for (int i = 0; i < ARRAY_SIZE(directions); i++) {
		KUNIT_ASSERT_EQ(test, import_ubuf(directions[i], end - 40, COUNT, &iter), 0);
		KUNIT_ASSERT_EQ(test, async_start(&ops[i], &iter, 0), -EIOCBQUEUED);
		async_expect(test, &ops[i], 40);
		KUNIT_ASSERT_EQ(test, import_ubuf(directions[i], end, COUNT, &iter), 0);
		KUNIT_EXPECT_EQ(test, async_start(&ops[i], &iter, 0), -EFAULT);
		KUNIT_EXPECT_EQ(test, atomic_read(&ops[i].completions), 1);
		KUNIT_EXPECT_EQ(test, ldd_async_in_flight(device), 0);
	}
}

struct async_pin_case {
	const char *desc;
	unsigned int direction;
	ssize_t result;
	bool cancel;
	bool dirty;
};

static const struct async_pin_case async_pin_cases[] = {
	{ "read", ITER_DEST, COUNT, false, true },
	{ "read of one byte", ITER_DEST, 1, false, true },
	{ "read of nothing", ITER_DEST, 0, false, false },
	{ "read that fails", ITER_DEST, -ENOMEM, false, false },
	{ "read that is cancelled", ITER_DEST, COUNT, true, false },
	{ "write", ITER_SOURCE, COUNT, false, false },
	{ "write that fails", ITER_SOURCE, -ENOSPC, false, false },
};

KUNIT_ARRAY_PARAM_DESC(async_pin, async_pin_cases, desc);

static struct page *test_user_page(struct kunit *test, char __user *at)
{
	struct page *page;

	KUNIT_ASSERT_EQ(test, put_user('u', at), 0);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast((unsigned long)at, 1, FOLL_WRITE,
						  &page), 1);
	return page;
}

/* Bug 15 */
static void async_test_pin(struct kunit *test)
{
	const struct async_pin_case *p = test->param_value;
	char __user *at = test_half_mapped(test) + 50;
	struct page *page = test_user_page(test, at);
	struct iov_iter iter;

	fake.gated = !p->cancel;
	fake.plan = p->result;
	KUNIT_ASSERT_EQ(test, import_ubuf(p->direction, at, COUNT, &iter), 0);
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
	KUNIT_EXPECT_EQ(test, async_start(ops, &iter, p->cancel ? 60000 : 0),
			-EIOCBQUEUED);
	KUNIT_EXPECT_TRUE(test, folio_maybe_dma_pinned(page_folio(page)));
	/* Somebody wrote the page out. */
	ClearPageDirty(page);
	if (p->cancel)
		KUNIT_EXPECT_EQ(test, ldd_async_cancel(&ops->iocb), 0);
	complete(&fake.gate);
	async_expect(test, ops, p->cancel ? -ECANCELED : p->result);
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
	KUNIT_EXPECT_EQ(test, PageDirty(page), p->dirty);
	put_page(page);
}

static void async_test_vectors(struct kunit *test)
{
	char __user *page = test_half_mapped(test);
	struct iovec vecs[] = {
		{ page + 1, 3 }, { page + 500, 0 }, { page + 4, 1 },
		{ page + PAGE_SIZE - 30, 30 }, { page + 10, 66 },
	};
	char bytes[COUNT];
	struct iov_iter iter;

	iov_iter_init(&iter, ITER_DEST, vecs, ARRAY_SIZE(vecs), COUNT);
	KUNIT_ASSERT_EQ(test, async_start(ops, &iter, 0), -EIOCBQUEUED);
	async_expect(test, ops, COUNT);
	memset(buffer, 'd', COUNT);
	for (int i = 0; i < ARRAY_SIZE(vecs); i++) {
		KUNIT_ASSERT_EQ(test, copy_from_user(bytes, vecs[i].iov_base,
						     vecs[i].iov_len), 0);
		KUNIT_EXPECT_EQ(test, memcmp(bytes, buffer, vecs[i].iov_len), 0);
	}
}

static void async_free_pages(void *page)
{
	__free_pages(page, 2);
}

struct async_folio_case {
	const char *desc;
	gfp_t gfp;
	unsigned int vecs;
};

static const struct async_folio_case async_folio_cases[] = {
	{ "pages of a folio", __GFP_COMP, 1 },
	{ "neighbours", 0, 4 },
};

KUNIT_ARRAY_PARAM_DESC(async_folio, async_folio_cases, desc);

/* Four pages, less 50 bytes at both ends. Those of a folio are one vec. */
static void async_test_folio(struct kunit *test)
{
	const struct async_folio_case *p = test->param_value;
	size_t bytes = 4 * PAGE_SIZE - 100, sum = 0;
	struct ldd_pinned *pinned;
	struct iov_iter iter;
	struct bio_vec vec;
	struct page *page;

	pinned = kunit_kzalloc(test, struct_size(pinned, vecs, 4), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pinned);
	page = alloc_pages(GFP_KERNEL | p->gfp, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, async_free_pages, page), 0);
	bvec_set_page(&vec, page, bytes, 50);
	iov_iter_bvec(&iter, ITER_DEST, &vec, 1, bytes);
	KUNIT_ASSERT_EQ(test, ldd_pin(pinned, &iter, iov_iter_npages(&iter, INT_MAX)), 0);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 0);
	KUNIT_EXPECT_EQ(test, pinned->bytes, bytes);
	KUNIT_EXPECT_EQ(test, pinned->count, p->vecs);
	for (unsigned int i = 0; i < pinned->count; i++) {
		KUNIT_EXPECT_PTR_EQ(test, pinned->vecs[i].bv_page, page + i);
		KUNIT_EXPECT_EQ(test, pinned->vecs[i].bv_offset, i ? 0 : 50);
		sum += pinned->vecs[i].bv_len;
	}
	KUNIT_EXPECT_EQ(test, sum, bytes);
	ldd_unpin(pinned, 0);
}

static struct kunit_case async_cases[] = {
	KUNIT_CASE_PARAM(async_test_result, async_result_gen_params),
	KUNIT_CASE_PARAM(async_test_sync_result, async_result_gen_params),
	KUNIT_CASE(async_test_later),
	KUNIT_CASE(async_test_delay),
	KUNIT_CASE(async_test_cancel),
	KUNIT_CASE(async_test_cancel_too_late),
	KUNIT_CASE(async_test_many),
	KUNIT_CASE(async_test_half_mapped),
	KUNIT_CASE_PARAM(async_test_pin, async_pin_gen_params),
	KUNIT_CASE(async_test_vectors),
	KUNIT_CASE_PARAM(async_test_folio, async_folio_gen_params),
	{}
};

static struct kunit_suite async_suite = {
	.name = "ldd_async",
	.init = async_test_init,
	.test_cases = async_cases,
};

kunit_test_suite(async_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of transfers that a worker makes");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
