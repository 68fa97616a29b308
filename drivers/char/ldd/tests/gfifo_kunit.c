// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of gfifo: what lies between its ring and user space.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/uio.h>
#include <trace/events/ldd.h>
#include <uapi/linux/ldd.h>

#include "../gfifo.h"
#include "util.h"

#define THREADS 4

static struct gfifo gfifo;
static struct test_thread threads[THREADS];
static u8 bytes_in[SZ_64K], bytes_out[SZ_64K];

static ssize_t gfifo_put(const void *bytes, size_t count, enum gfifo_wait wait)
{
	struct kvec vec = { .iov_base = (void *)bytes, .iov_len = count };
	struct iov_iter from;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, count);
	return gfifo_write(&gfifo, &from, wait);
}

static ssize_t gfifo_get(void *bytes, size_t count, enum gfifo_wait wait)
{
	struct kvec vec = { .iov_base = bytes, .iov_len = count };
	struct iov_iter to;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, count);
	return gfifo_read(&gfifo, &to, wait);
}

static void gfifo_test_teardown(void *unused)
{
	gfifo_teardown(&gfifo);
}

static int gfifo_test_init(struct kunit *test)
{
	memset(&gfifo, 0, sizeof(gfifo));
	get_random_bytes(bytes_in, sizeof(bytes_in));
	memset(bytes_out, 0, sizeof(bytes_out));
	KUNIT_ASSERT_EQ(test, gfifo_setup(&gfifo, gfifo_round_size(PAGE_SIZE)), 0);
	/* After the threads: what is added first runs last. */
	return kunit_add_action_or_reset(test, gfifo_test_teardown, NULL);
}

struct gfifo_size_case {
	const char *desc;
	u32 size, want;
};

static const struct gfifo_size_case gfifo_size_cases[] = {
	{ "0 is refused", 0, 0 },
	{ "1", 1, PAGE_SIZE },
	{ "page - 1", PAGE_SIZE - 1, PAGE_SIZE },
	{ "page", PAGE_SIZE, PAGE_SIZE },
	{ "page + 1", PAGE_SIZE + 1, 2 * PAGE_SIZE },
	{ "two pages", 2 * PAGE_SIZE, 2 * PAGE_SIZE },
	{ "just over half", GFIFO_SIZE_MAX / 2 + 1, GFIFO_SIZE_MAX },
	{ "largest", GFIFO_SIZE_MAX, GFIFO_SIZE_MAX },
	{ "one too many is refused", GFIFO_SIZE_MAX + 1, 0 },
	{ "2 GiB is refused", SZ_2G, 0 },
	{ "2 GiB + 1 is refused", SZ_2G + 1, 0 },
	{ "U32_MAX is refused", U32_MAX, 0 },
};

KUNIT_ARRAY_PARAM_DESC(gfifo_size, gfifo_size_cases, desc);

static void gfifo_test_round_size(struct kunit *test)
{
	const struct gfifo_size_case *p = test->param_value;

	KUNIT_EXPECT_EQ(test, gfifo_round_size(p->size), p->want);
}

static void gfifo_test_events(struct kunit *test)
{
	const __poll_t out = EPOLLOUT | EPOLLWRNORM;
	const __poll_t in = EPOLLIN | EPOLLRDNORM;

	test_expect_events(test, gfifo_events(&gfifo), out);
	gfifo_put(bytes_in, 1, GFIFO_WAIT);
	test_expect_events(test, gfifo_events(&gfifo), out | in);
	gfifo_put(bytes_in, PAGE_SIZE, GFIFO_WAIT);
	test_expect_events(test, gfifo_events(&gfifo), in);
	gfifo_get(bytes_out, 1, GFIFO_WAIT);
	test_expect_events(test, gfifo_events(&gfifo), out | in);
}

/* What fits is taken, what is there is given, and neither waits for more. */
static void gfifo_test_partial(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in, PAGE_SIZE + 9, GFIFO_WAIT),
			PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in, 1, GFIFO_NONBLOCK), -EAGAIN);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, PAGE_SIZE + 9, GFIFO_WAIT),
			PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, 1, GFIFO_NONBLOCK), -EAGAIN);
	KUNIT_EXPECT_MEMEQ(test, bytes_in, bytes_out, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gfifo.rd.bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gfifo.wr.bytes, PAGE_SIZE);
}

/* Zero bytes: no lock is taken, so not even a held one matters (bug 7). */
static void gfifo_test_zero_length(struct kunit *test)
{
	mutex_lock(&gfifo.rd.lock);
	mutex_lock(&gfifo.wr.lock);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, 0, GFIFO_NOWAIT), 0);
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in, 0, GFIFO_NOWAIT), 0);
	mutex_unlock(&gfifo.wr.lock);
	mutex_unlock(&gfifo.rd.lock);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, 0, GFIFO_NONBLOCK), 0);
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in, 0, GFIFO_NONBLOCK), 0);
}

/* IOCB_NOWAIT does not even wait for the lock. */
static void gfifo_test_nowait_and_lock(struct kunit *test)
{
	gfifo_put(bytes_in, 1, GFIFO_WAIT);
	mutex_lock(&gfifo.rd.lock);
	mutex_lock(&gfifo.wr.lock);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, 1, GFIFO_NOWAIT), -EAGAIN);
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in, 1, GFIFO_NOWAIT), -EAGAIN);
	mutex_unlock(&gfifo.wr.lock);
	mutex_unlock(&gfifo.rd.lock);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, 1, GFIFO_NOWAIT), 1);
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in, 1, GFIFO_NOWAIT), 1);
}

/* Records of an odd length go round the ring, across the overflow of u32. */
static void gfifo_test_records_wrap(struct kunit *test)
{
	const size_t len = 61;

	gfifo.fifo.head = U32_MAX - 5 * PAGE_SIZE / 2;
	gfifo.fifo.tail = gfifo.fifo.head;
	for (size_t at = 0; at + len <= sizeof(bytes_in); at += len) {
		KUNIT_ASSERT_EQ(test, gfifo_put(bytes_in + at, len, GFIFO_WAIT), len);
		KUNIT_ASSERT_EQ(test, gfifo_get(bytes_out, len, GFIFO_WAIT), len);
		KUNIT_ASSERT_MEMEQ(test, bytes_in + at, bytes_out, len);
	}
}

/* A reader's buffer ends in the void: what did not get there stays queued. */
static void gfifo_test_read_faults_halfway(struct kunit *test)
{
	char __user *buf = test_half_mapped(test);
	struct iov_iter to;

	gfifo_put(bytes_in, 100, GFIFO_WAIT);
	KUNIT_ASSERT_EQ(test, import_ubuf(ITER_DEST, buf + PAGE_SIZE - 40, 100, &to), 0);
	KUNIT_EXPECT_EQ(test, gfifo_read(&gfifo, &to, GFIFO_WAIT), 40);
	KUNIT_EXPECT_EQ(test, copy_from_user(bytes_out, buf + PAGE_SIZE - 40, 40), 0);
	KUNIT_EXPECT_EQ(test, gfifo_read(&gfifo, &to, GFIFO_WAIT), -EFAULT);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out + 40, 100, GFIFO_WAIT), 60);
	KUNIT_EXPECT_MEMEQ(test, bytes_in, bytes_out, 100);
}

/* A writer's buffer ends in the void: what did get here is queued, no more. */
static void gfifo_test_write_faults_halfway(struct kunit *test)
{
	char __user *buf = test_half_mapped(test);
	struct iov_iter from;

	KUNIT_ASSERT_EQ(test, copy_to_user(buf + PAGE_SIZE - 40, bytes_in, 40), 0);
	KUNIT_ASSERT_EQ(test, import_ubuf(ITER_SOURCE, buf + PAGE_SIZE - 40, 100, &from), 0);
	KUNIT_EXPECT_EQ(test, gfifo_write(&gfifo, &from, GFIFO_WAIT), 40);
	KUNIT_EXPECT_EQ(test, gfifo_write(&gfifo, &from, GFIFO_WAIT), -EFAULT);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, 100, GFIFO_WAIT), 40);
	KUNIT_EXPECT_MEMEQ(test, bytes_in, bytes_out, 40);
}

static void gfifo_test_resize(struct kunit *test)
{
	gfifo_put(bytes_in, PAGE_SIZE, GFIFO_WAIT);
	KUNIT_EXPECT_EQ(test, gfifo_resize(&gfifo, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gfifo_resize(&gfifo, GFIFO_SIZE_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gfifo.fifo.size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gfifo_resize(&gfifo, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gfifo_put(bytes_in + PAGE_SIZE, 1, GFIFO_WAIT), 1);
	KUNIT_EXPECT_EQ(test, gfifo_resize(&gfifo, PAGE_SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, gfifo.fifo.size, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gfifo_get(bytes_out, sizeof(bytes_out), GFIFO_WAIT),
			PAGE_SIZE + 1);
	KUNIT_EXPECT_MEMEQ(test, bytes_in, bytes_out, PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, gfifo_resize(&gfifo, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gfifo.fifo.size, PAGE_SIZE);
}

static long gfifo_call_get(void *unused)
{
	u8 byte;

	return gfifo_get(&byte, 1, GFIFO_WAIT);
}

static long gfifo_call_put(void *unused)
{
	u8 byte = 0;

	return gfifo_put(&byte, 1, GFIFO_WAIT);
}

static size_t gfifo_asleep(struct gfifo_side *side)
{
	size_t count;

	spin_lock_irq(&side->sleepers.lock);
	count = list_count_nodes(&side->sleepers.head);
	spin_unlock_irq(&side->sleepers.lock);
	return count;
}

static void gfifo_start(struct kunit *test, struct gfifo_side *side, int count)
{
	for (int i = 0; i < count; i++) {
		test_thread_start(test, &threads[i], side == &gfifo.rd ?
				  gfifo_call_get : gfifo_call_put, NULL);
		test_wait_asleep(test, i + 1, gfifo_asleep, side);
	}
}

/* A byte wakes one reader; the others have not even left the queue. */
static void gfifo_test_one_wakes_one(struct kunit *test)
{
	gfifo_start(test, &gfifo.rd, THREADS);
	for (int i = 0; i < THREADS; i++) {
		gfifo_put(bytes_in, 1, GFIFO_WAIT);
		KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[i]), 1);
		KUNIT_EXPECT_EQ(test, gfifo_asleep(&gfifo.rd), THREADS - 1 - i);
	}
}

/* One write with enough for all: each passes the wake-up on to the next. */
static void gfifo_test_one_feeds_all(struct kunit *test)
{
	gfifo_start(test, &gfifo.rd, THREADS);
	gfifo_put(bytes_in, THREADS, GFIFO_WAIT);
	for (int i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[i]), 1);
}

/* Clearing a full FIFO wakes the writers (bug 4), and so does growing it. */
static void gfifo_test_clear_wakes_writers(struct kunit *test)
{
	gfifo_put(bytes_in, PAGE_SIZE, GFIFO_WAIT);
	gfifo_start(test, &gfifo.wr, THREADS);
	KUNIT_EXPECT_EQ(test, gfifo_clear(&gfifo), 0);
	for (int i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[i]), 1);
	KUNIT_EXPECT_EQ(test, ldd_fifo_len(&gfifo.fifo), THREADS);
}

static void gfifo_test_growing_wakes_writers(struct kunit *test)
{
	gfifo_put(bytes_in, PAGE_SIZE, GFIFO_WAIT);
	gfifo_start(test, &gfifo.wr, THREADS);
	KUNIT_EXPECT_EQ(test, gfifo_resize(&gfifo, 2 * PAGE_SIZE), 0);
	for (int i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[i]), 1);
}

/* A reader has found nothing and is about to sleep: at this moment comes a byte. */
static void gfifo_write_before_sleep(void *unused, const char *dev, bool write)
{
	if (!write)
		gfifo_put(bytes_in, 1, GFIFO_NOWAIT);
}

static void gfifo_test_unregister(void *unused)
{
	unregister_trace_ldd_sleep(gfifo_write_before_sleep, NULL);
	tracepoint_synchronize_unregister();
}

/* It looks once more when it is in the queue, and does not sleep (bug 3). */
static void gfifo_test_write_before_sleep(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "needs CONFIG_TRACEPOINTS");
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_ldd_sleep(gfifo_write_before_sleep, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, gfifo_test_unregister, NULL));
	test_thread_start(test, &threads[0], gfifo_call_get, NULL);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[0]), 1);
}

static void gfifo_write_when_queued(struct file *file, wait_queue_head_t *queue,
				    poll_table *table)
{
	if (queue == &gfifo.rd.pollers)
		gfifo_put(bytes_in, 1, GFIFO_NOWAIT);
}

/* What comes while poll queues up is seen: it looks afterwards (bug 3). */
static void gfifo_test_write_before_poll_looks(struct kunit *test)
{
	struct file *file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);
	poll_table table;

	KUNIT_ASSERT_NOT_NULL(test, file);
	file->private_data = &gfifo.misc;
	init_poll_funcptr(&table, gfifo_write_when_queued);
	test_expect_events(test, gfifo_poll(file, &table),
			   EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM);
}

/* A signal is no end of file (bug 2), and takes no byte from the others. */
static void gfifo_test_signal(struct kunit *test)
{
	gfifo_start(test, &gfifo.rd, 2);
	test_thread_signal(&threads[0]);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[0]), -ERESTARTSYS);
	gfifo_put(bytes_in, 1, GFIFO_WAIT);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[1]), 1);
}

/* Woken, but signalled while waiting for the lock: the next one is woken. */
static void gfifo_test_chosen_and_signalled(struct kunit *test)
{
	gfifo_start(test, &gfifo.rd, 2);
	mutex_lock(&gfifo.rd.lock);
	gfifo_put(bytes_in, 1, GFIFO_WAIT);
	test_wait_asleep(test, 1, gfifo_asleep, &gfifo.rd);
	test_thread_signal(&threads[0]);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[0]), -ERESTARTSYS);
	mutex_unlock(&gfifo.rd.lock);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[1]), 1);
}

/* Has threads[0] left the queue, and does it wait for the lock? */
static bool gfifo_waits_for_lock(void)
{
	return !gfifo_asleep(&gfifo.rd) &&
	       READ_ONCE(threads[0].task->__state) == TASK_INTERRUPTIBLE;
}

/* Woken, but another reader was faster: back to sleep (bug 3). */
static void gfifo_test_chosen_but_too_late(struct kunit *test)
{
	gfifo_start(test, &gfifo.rd, 1);
	mutex_lock(&gfifo.rd.lock);
	gfifo_put(bytes_in, 1, GFIFO_WAIT);
	test_wait_asleep(test, true, gfifo_waits_for_lock);
	ldd_fifo_consume(&gfifo.fifo, 1);
	mutex_unlock(&gfifo.rd.lock);
	test_wait_asleep(test, 1, gfifo_asleep, &gfifo.rd);
	gfifo_put(bytes_in, 1, GFIFO_WAIT);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &threads[0]), 1);
}

static struct kunit_case gfifo_test_cases[] = {
	KUNIT_CASE_PARAM(gfifo_test_round_size, gfifo_size_gen_params),
	KUNIT_CASE(gfifo_test_events),
	KUNIT_CASE(gfifo_test_partial),
	KUNIT_CASE(gfifo_test_zero_length),
	KUNIT_CASE(gfifo_test_nowait_and_lock),
	KUNIT_CASE(gfifo_test_records_wrap),
	KUNIT_CASE(gfifo_test_read_faults_halfway),
	KUNIT_CASE(gfifo_test_write_faults_halfway),
	KUNIT_CASE(gfifo_test_resize),
	KUNIT_CASE(gfifo_test_one_wakes_one),
	KUNIT_CASE(gfifo_test_one_feeds_all),
	KUNIT_CASE(gfifo_test_clear_wakes_writers),
	KUNIT_CASE(gfifo_test_growing_wakes_writers),
	KUNIT_CASE(gfifo_test_write_before_sleep),
	KUNIT_CASE(gfifo_test_write_before_poll_looks),
	KUNIT_CASE(gfifo_test_signal),
	KUNIT_CASE(gfifo_test_chosen_and_signalled),
	KUNIT_CASE(gfifo_test_chosen_but_too_late),
	{}
};

static struct kunit_suite gfifo_test_suite = {
	.name = "ldd_gfifo",
	.init = gfifo_test_init,
	.test_cases = gfifo_test_cases,
};

kunit_test_suite(gfifo_test_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of gfifo");
MODULE_LICENSE("GPL");
