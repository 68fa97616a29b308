/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LDD_TESTS_UTIL_H
#define _LDD_TESTS_UTIL_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/iopoll.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>

/**
 * struct test_thread - a kernel thread that makes one call which may sleep
 * @call: the call
 * @arg: its argument
 * @ret: what it returned, valid once @done is complete
 * @done: completed when it returned
 * @task: the thread, which ends before the test does
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
	complete_all(&t->done);
	return 0;
}

/* One that a failed test left asleep must not sleep on in the next one. */
static void test_thread_end(void *thread)
{
	struct test_thread *t = thread;

	if (!completion_done(&t->done))
		send_sig(SIGUSR1, t->task, 1);
	wait_for_completion(&t->done);
	put_task_struct(t->task);
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
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_thread_end, t));
}

/* KUNIT_EXPECT_EQ() on __poll_t, which is no plain integer to sparse. */
#define test_expect_events(test, seen, want)				\
	KUNIT_EXPECT_EQ(test, (__force u32)(seen), (__force u32)(want))

/*
 * Wait until @count threads sleep, which nobody announces: look again and again,
 * for 10 s.
 */
#define test_wait_asleep(test, count, asleep, args...)			\
do {									\
	size_t now_;							\
									\
	KUNIT_ASSERT_EQ(test, 0,					\
			read_poll_timeout(asleep, now_, now_ == (count), 50, \
					  10 * USEC_PER_SEC, false, ##args)); \
} while (0)

static inline void test_thread_signal(struct test_thread *t)
{
	send_sig(SIGUSR1, t->task, 1);
}

/* What the call returned. A thread that sleeps on for 10 s fails the test. */
static inline long test_thread_join(struct kunit *test, struct test_thread *t)
{
	unsigned long left = wait_for_completion_timeout(&t->done, 10 * HZ);

	KUNIT_ASSERT_NE_MSG(test, left, 0, "still asleep");
	return t->ret;
}

/* Two pages of which only the first is there. */
static inline char __user *test_half_mapped(struct kunit *test)
{
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!addr)
		kunit_skip(test, "no user memory here");
	KUNIT_ASSERT_LT_MSG(test, addr, (unsigned long)TASK_SIZE,
			    "kunit_vm_mmap failed: %ld", (long)addr);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	return (char __user *)addr;
}

#endif /* _LDD_TESTS_UTIL_H */
