/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_TESTS_THREAD_H
#define _LDD_TESTS_THREAD_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>

/**
 * struct test_thread - a kernel thread that makes one call which may sleep
 * @call: the call
 * @arg: its argument
 * @ret: what it returned, valid once @done is complete
 * @done: completed when it returned
 * @task: the thread, on which the test holds a reference
 */
struct test_thread {
	long (*call)(void *arg);
	void *arg;
	long ret;
	struct completion done;
	struct task_struct *task;
};

static int test_thread_run(void *data)
{
	struct test_thread *t = data;

	allow_signal(SIGUSR1);
	t->ret = t->call(t->arg);
	complete(&t->done);
	return 0;
}

static inline void test_thread_start(struct kunit *test, struct test_thread *t,
				     long (*call)(void *arg), void *arg)
{
	t->call = call;
	t->arg = arg;
	init_completion(&t->done);
	t->task = kthread_create(test_thread_run, t, "ldd_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->task);
	get_task_struct(t->task);
	wake_up_process(t->task);
}

/* Wait for a state that nobody announces: the thread's own side of it is done. */
#define test_wait_until(test, condition)				\
do {									\
	unsigned long deadline_ = jiffies + 30 * HZ;			\
									\
	while (!(condition) && time_before(jiffies, deadline_))		\
		usleep_range(50, 100);					\
	KUNIT_ASSERT_TRUE(test, condition);				\
} while (0)

static inline void test_thread_signal(struct test_thread *t)
{
	send_sig(SIGUSR1, t->task, 1);
}

/* What the call returned. A thread that sleeps on for 30 s fails the test. */
static inline long test_thread_join(struct kunit *test, struct test_thread *t)
{
	unsigned long left = wait_for_completion_timeout(&t->done, 30 * HZ);

	KUNIT_ASSERT_NE_MSG(test, left, 0, "still asleep");
	put_task_struct(t->task);
	return t->ret;
}

#endif /* _LDD_TESTS_THREAD_H */
