// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the wake-up latch: who is chosen, in which order, and what
 * becomes of the wake-up of one who leaves.
 */
#include <kunit/test.h>
#include <linux/ldd/latch.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>

static unsigned int latch_seed;
module_param_named(seed, latch_seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the randomised run (default 0: a new one each time)");

#define LATCH_WAITERS 8

struct latch_case {
	const char *desc;
	const char *steps;
};

/*
 * A step is a letter and, but for 'w', the number of a waiter:
 *   q0  waiter 0 comes and queues up	t0  waiter 0 comes and takes at once
 *   w   wake, remembered		W0  wake, waiter 0 is chosen
 *   c0  waiter 0 leaves, not chosen	C0  waiter 0 leaves and had been chosen
 */
static const struct latch_case latch_cases[] = {
	{ "a wake-up without waiters is remembered", "wt0" },
	{ "it lets one through only", "wt0q1" },
	{ "two are remembered once", "wwt0q1" },
	{ "many are remembered once", "wwwwwwt0q1" },
	{ "one waiter is chosen and nothing is remembered", "q0W0q1" },
	{ "the longest waiting is chosen first", "q0q1q2W0W1W2" },
	{ "order of arrival, not of numbers", "q2q0q1W2W0W1" },
	{ "more wake-ups than waiters: the rest counts once", "q0q1W0W1wwt2q3" },
	{ "one who left is not chosen", "q0q1c0W1" },
	{ "one who left from the middle is not chosen", "q0q1q2c1W0W2" },
	{ "the last one left: remembered", "q0c0wt1" },
	{ "one who was chosen and leaves passes it on", "q0q1W0C0W1" },
	{ "passed on when nobody waits: remembered", "q0W0C0wt1q2" },
	{ "passed on to a latch that is set: still once", "q0W0wC0wt1q2" },
	{ "passed on twice", "q0q1q2W0C0W1C1W2" },
	{ "one who comes back queues up behind", "q0q1c0q0W1W0" },
	{ "one who took a remembered wake-up passes it on", "wt0q1C0W1" },
};

KUNIT_ARRAY_PARAM_DESC(latch, latch_cases, desc);

static void latch_expect_wake(struct kunit *test, struct ldd_latch *latch,
			      struct ldd_latch_waiter *want)
{
	struct ldd_latch_waiter *chosen = ldd_latch_wake(latch);

	KUNIT_ASSERT_PTR_EQ(test, chosen, want);
	KUNIT_EXPECT_EQ(test, latch->set, !want);
	if (want)
		KUNIT_EXPECT_TRUE(test, want->chosen);
}

static void latch_test_steps(struct kunit *test)
{
	const struct latch_case *p = test->param_value;
	struct ldd_latch_waiter waiters[LATCH_WAITERS], *w = NULL;
	struct ldd_latch latch = LDD_LATCH_INIT(latch);

	for (const char *s = p->steps; *s; s++) {
		char step = *s;

		if (step != 'w')
			w = &waiters[*++s - '0'];
		if (step == 'w')
			latch_expect_wake(test, &latch, NULL);
		else if (step == 'W')
			latch_expect_wake(test, &latch, w);
		else if (step == 'q' || step == 't')
			KUNIT_EXPECT_EQ(test, ldd_latch_wait(&latch, w),
					step == 't');
		else
			KUNIT_EXPECT_EQ(test, ldd_latch_cancel(w), step == 'C');
		KUNIT_EXPECT_FALSE(test, latch.set && !list_empty(&latch.waiters));
	}
}

/* The reference: the numbers of the waiters in an array, oldest first. */
struct latch_model {
	int queue[LATCH_WAITERS];
	int len;
	bool set;
};

static int latch_model_remove(struct latch_model *model, int at)
{
	int who = model->queue[at];

	model->len--;
	memmove(&model->queue[at], &model->queue[at + 1],
		(model->len - at) * sizeof(model->queue[0]));
	return who;
}

static int latch_model_find(const struct latch_model *model, int who)
{
	for (int i = 0; i < model->len; i++) {
		if (model->queue[i] == who)
			return i;
	}
	return -1;
}

static void latch_random_wake(struct kunit *test, struct ldd_latch *latch,
			      struct ldd_latch_waiter *waiters,
			      struct latch_model *model)
{
	struct ldd_latch_waiter *want = NULL;

	if (model->len)
		want = &waiters[latch_model_remove(model, 0)];
	else
		model->set = true;
	KUNIT_ASSERT_PTR_EQ(test, ldd_latch_wake(latch), want);
}

/* Who is queued leaves; who is not comes. */
static void latch_random_move(struct kunit *test, struct ldd_latch *latch,
			      struct ldd_latch_waiter *waiters,
			      struct latch_model *model, int who)
{
	int at = latch_model_find(model, who);

	if (at >= 0) {
		latch_model_remove(model, at);
		KUNIT_ASSERT_FALSE(test, ldd_latch_cancel(&waiters[who]));
		return;
	}
	KUNIT_ASSERT_EQ(test, ldd_latch_wait(latch, &waiters[who]), model->set);
	if (!model->set)
		model->queue[model->len++] = who;
	model->set = false;
}

static void latch_test_random(struct kunit *test)
{
	u32 seed = latch_seed ?: get_random_u32();
	struct ldd_latch_waiter waiters[LATCH_WAITERS];
	struct latch_model model = {};
	struct ldd_latch latch = LDD_LATCH_INIT(latch);
	struct rnd_state rnd;

	kunit_info(test, "seed=%u", seed);
	prandom_seed_state(&rnd, seed);
	for (int i = 0; i < 20000; i++) {
		u32 dice = prandom_u32_state(&rnd);

		if (dice % 3)
			latch_random_move(test, &latch, waiters, &model,
					  (dice >> 8) % LATCH_WAITERS);
		else
			latch_random_wake(test, &latch, waiters, &model);
		KUNIT_ASSERT_EQ(test, latch.set, model.set);
	}
}

static struct kunit_case latch_test_cases[] = {
	KUNIT_CASE_PARAM(latch_test_steps, latch_gen_params),
	KUNIT_CASE(latch_test_random),
	{}
};

static struct kunit_suite latch_test_suite = {
	.name = "ldd_latch",
	.test_cases = latch_test_cases,
};

kunit_test_suite(latch_test_suite);

MODULE_DESCRIPTION("KUnit tests of the ldd wake-up latch");
MODULE_LICENSE("GPL");
