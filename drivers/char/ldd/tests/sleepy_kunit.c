// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of sleepy: kernel threads sleep on a device of the test's own.
 */
#include <linux/module.h>

#include "../sleepy.h"
#include "util.h"

#define SLEEPERS 5

static struct sleepy sleepy;
static struct test_thread sleepers[SLEEPERS];

static long sleepy_call(void *s)
{
	return sleepy_sleep(s, false);
}

static size_t sleepy_asleep(void)
{
	size_t count;

	spin_lock(&sleepy.lock);
	count = list_count_nodes(&sleepy.latch.waiters);
	spin_unlock(&sleepy.lock);
	return count;
}

/* Start the threads one by one, so that their order in the queue is known. */
static void sleepy_start(struct kunit *test, int count)
{
	for (int i = 0; i < count; i++) {
		test_thread_start(test, &sleepers[i], sleepy_call, &sleepy);
		test_wait_asleep(test, i + 1, sleepy_asleep);
	}
}

static int sleepy_test_init(struct kunit *test)
{
	spin_lock_init(&sleepy.lock);
	sleepy.latch = (struct ldd_latch)LDD_LATCH_INIT(sleepy.latch);
	sleepy.wakeups = 0;
	init_waitqueue_head(&sleepy.pollers);
	return 0;
}

static void sleepy_test_nonblock(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, sleepy_asleep(), 0);
}

static void sleepy_test_remembered_once(struct kunit *test)
{
	sleepy_wake(&sleepy);
	sleepy_wake(&sleepy);
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), 0);
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, sleepy.wakeups, 2);
}

static void sleepy_test_remembered_for_a_sleeper(struct kunit *test)
{
	sleepy_wake(&sleepy);
	test_thread_start(test, &sleepers[0], sleepy_call, &sleepy);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[0]), 0);
}

static void sleepy_test_events(struct kunit *test)
{
	const __poll_t out = EPOLLOUT | EPOLLWRNORM;
	const __poll_t in = EPOLLIN | EPOLLRDNORM;

	test_expect_events(test, sleepy_events(&sleepy), out);
	sleepy_wake(&sleepy);
	test_expect_events(test, sleepy_events(&sleepy), out | in);
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), 0);
	test_expect_events(test, sleepy_events(&sleepy), out);
}

/* One wake-up, one sleeper, the one that has slept longest. */
static void sleepy_test_order(struct kunit *test)
{
	sleepy_start(test, SLEEPERS);
	for (int i = 0; i < SLEEPERS; i++) {
		sleepy_wake(&sleepy);
		KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[i]), 0);
		KUNIT_EXPECT_EQ(test, sleepy_asleep(), SLEEPERS - 1 - i);
	}
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), -EAGAIN);
}

/* M wake-ups in one go, before any sleeper can run: the first M, no other. */
static void sleepy_test_burst(struct kunit *test)
{
	sleepy_start(test, SLEEPERS);
	for (int i = 0; i < SLEEPERS - 2; i++)
		sleepy_wake(&sleepy);
	for (int i = 0; i < SLEEPERS - 2; i++)
		KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[i]), 0);
	KUNIT_EXPECT_EQ(test, sleepy_asleep(), 2);
	sleepy_wake(&sleepy);
	sleepy_wake(&sleepy);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[3]), 0);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[4]), 0);
}

static void sleepy_test_signal(struct kunit *test)
{
	sleepy_start(test, 2);
	test_thread_signal(&sleepers[0]);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[0]), -ERESTARTSYS);
	sleepy_wake(&sleepy);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[1]), 0);
}

/*
 * The signal comes first, so the sleeper fails whichever way the race goes; on
 * one CPU it has not run yet when it is chosen, and must pass the wake-up on.
 */
static void sleepy_test_chosen_and_signalled(struct kunit *test)
{
	sleepy_start(test, 2);
	test_thread_signal(&sleepers[0]);
	sleepy_wake(&sleepy);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[0]), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[1]), 0);
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), -EAGAIN);
}

/* The same with nobody to pass it on to: it is remembered. */
static void sleepy_test_chosen_and_signalled_alone(struct kunit *test)
{
	sleepy_start(test, 1);
	test_thread_signal(&sleepers[0]);
	sleepy_wake(&sleepy);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &sleepers[0]), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), 0);
	KUNIT_EXPECT_EQ(test, sleepy_sleep(&sleepy, true), -EAGAIN);
}

static struct kunit_case sleepy_test_cases[] = {
	KUNIT_CASE(sleepy_test_nonblock),
	KUNIT_CASE(sleepy_test_remembered_once),
	KUNIT_CASE(sleepy_test_remembered_for_a_sleeper),
	KUNIT_CASE(sleepy_test_events),
	KUNIT_CASE(sleepy_test_order),
	KUNIT_CASE(sleepy_test_burst),
	KUNIT_CASE(sleepy_test_signal),
	KUNIT_CASE(sleepy_test_chosen_and_signalled),
	KUNIT_CASE(sleepy_test_chosen_and_signalled_alone),
	{}
};

static struct kunit_suite sleepy_test_suite = {
	.name = "ldd_sleepy",
	.init = sleepy_test_init,
	.test_cases = sleepy_test_cases,
};

kunit_test_suite(sleepy_test_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of sleepy");
MODULE_LICENSE("GPL");
