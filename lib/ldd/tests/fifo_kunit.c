// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the byte ring: every boundary in tables, then a randomised run
 * against a reference that is too simple to be wrong.
 */
#include <kunit/test.h>
#include <linux/ldd/fifo.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>

static unsigned int fifo_seed;
module_param_named(seed, fifo_seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the randomised run (default 0: a new one each time)");

static u8 *fifo_alloc(struct kunit *test, size_t size)
{
	u8 *buf = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

/* A ring that has seen @index bytes pass before @len bytes were queued. */
static struct ldd_fifo fifo_at(u8 *buf, u32 size, u32 index, u32 len)
{
	struct ldd_fifo fifo;

	ldd_fifo_init(&fifo, buf, size);
	fifo.tail = index;
	fifo.head = index + len;
	return fifo;
}

static u32 fifo_put(struct ldd_fifo *fifo, const u8 *bytes, u32 count)
{
	u32 done = 0;

	while (done < count) {
		struct ldd_fifo_span span = ldd_fifo_room(fifo, done, count - done);

		if (!span.len)
			break;
		memcpy(span.ptr, bytes + done, span.len);
		done += span.len;
	}
	ldd_fifo_produce(fifo, done);
	return done;
}

static u32 fifo_get(struct ldd_fifo *fifo, u8 *bytes, u32 count)
{
	u32 done = 0;

	while (done < count) {
		struct ldd_fifo_span span = ldd_fifo_data(fifo, done, count - done);

		if (!span.len)
			break;
		memcpy(bytes + done, span.ptr, span.len);
		done += span.len;
	}
	ldd_fifo_consume(fifo, done);
	return done;
}

static void fifo_expect_len(struct kunit *test, const struct ldd_fifo *fifo,
			    u32 len)
{
	KUNIT_EXPECT_EQ(test, ldd_fifo_len(fifo), len);
	KUNIT_EXPECT_EQ(test, ldd_fifo_is_empty(fifo), len == 0);
	KUNIT_EXPECT_EQ(test, ldd_fifo_is_full(fifo), len == fifo->size);
}

struct fifo_size_case {
	const char *desc;
	u32 size;
};

static const struct fifo_size_case fifo_size_cases[] = {
	{ "page", PAGE_SIZE },
	{ "two pages", 2 * PAGE_SIZE },
	{ "64 KiB", SZ_64K },
	{ "512 KiB", SZ_512K },
	{ "1 MiB", SZ_1M },
};

KUNIT_ARRAY_PARAM_DESC(fifo_size, fifo_size_cases, desc);

/* Empty, one, full - 1 and full, with the indices at every kind of place. */
static void fifo_test_levels(struct kunit *test)
{
	const struct fifo_size_case *p = test->param_value;
	const u32 levels[] = { 0, 1, p->size - 1, p->size };
	const u32 indices[] = { 0, 1, p->size - 1, p->size, U32_MAX - p->size,
				U32_MAX - 1, U32_MAX };
	u8 *buf = fifo_alloc(test, p->size);

	for (int i = 0; i < ARRAY_SIZE(indices); i++) {
		for (int l = 0; l < ARRAY_SIZE(levels); l++) {
			struct ldd_fifo fifo = fifo_at(buf, p->size, indices[i],
						       levels[l]);

			fifo_expect_len(test, &fifo, levels[l]);
		}
	}
}

/* Fill to the brim and drain again: nothing is lost, changed or invented. */
static void fifo_test_fill_and_drain(struct kunit *test)
{
	const struct fifo_size_case *p = test->param_value;
	u8 *buf = fifo_alloc(test, p->size);
	u8 *in = fifo_alloc(test, p->size + 1);
	u8 *out = fifo_alloc(test, p->size + 1);
	struct ldd_fifo fifo = fifo_at(buf, p->size, U32_MAX - p->size / 2, 0);

	get_random_bytes(in, p->size + 1);
	KUNIT_EXPECT_EQ(test, fifo_put(&fifo, in, p->size + 1), p->size);
	fifo_expect_len(test, &fifo, p->size);
	KUNIT_EXPECT_EQ(test, ldd_fifo_room(&fifo, 0, 1).len, 0);
	KUNIT_EXPECT_EQ(test, fifo_get(&fifo, out, p->size + 1), p->size);
	fifo_expect_len(test, &fifo, 0);
	KUNIT_EXPECT_EQ(test, ldd_fifo_data(&fifo, 0, 1).len, 0);
	KUNIT_EXPECT_MEMEQ(test, in, out, p->size);
}

/* Three bytes that start at each index of the buffer in turn. */
static void fifo_test_wrap_at_every_index(struct kunit *test)
{
	const struct fifo_size_case *p = test->param_value;
	u8 *buf = fifo_alloc(test, p->size);

	for (u32 i = 0; i < p->size; i++) {
		const u8 in[3] = { i, i >> 8, ~i };
		struct ldd_fifo fifo = fifo_at(buf, p->size, i, 0);
		u8 out[3] = {};

		if (fifo_put(&fifo, in, 3) != 3 || ldd_fifo_len(&fifo) != 3 ||
		    buf[i] != in[0] || buf[(i + 2) % p->size] != in[2] ||
		    fifo_get(&fifo, out, 3) != 3 || memcmp(in, out, 3)) {
			KUNIT_FAIL(test, "wrong at index %u", i);
			return;
		}
	}
}

struct fifo_span_case {
	const char *desc;
	u32 tail, len;
	size_t max;
	u32 room_at, room, data_at, data;
};

/* The ring has 16 bytes. */
static const struct fifo_span_case fifo_span_cases[] = {
	{ "empty", 0, 0, 99, 0, 16, 0, 0 },
	{ "empty, at the end", 15, 0, 99, 15, 1, 15, 0 },
	{ "empty, limited", 0, 0, 5, 0, 5, 0, 0 },
	{ "one", 0, 1, 99, 1, 15, 0, 1 },
	{ "one, at the end", 15, 1, 99, 0, 15, 15, 1 },
	{ "full - 1", 0, 15, 99, 15, 1, 0, 15 },
	{ "full - 1, wrapped", 8, 15, 99, 7, 1, 8, 8 },
	{ "full", 0, 16, 99, 0, 0, 0, 16 },
	{ "full, wrapped", 5, 16, 99, 5, 0, 5, 11 },
	{ "full, limited", 5, 16, 3, 5, 0, 5, 3 },
	{ "nothing wanted", 3, 4, 0, 7, 0, 3, 0 },
	{ "more wanted than u32 holds", 3, 4, SIZE_MAX, 7, 9, 3, 4 },
	{ "indices overflow", U32_MAX - 1, 4, 99, 2, 12, 14, 2 },
	{ "indices overflow, full", U32_MAX, 16, 99, 15, 0, 15, 1 },
};

KUNIT_ARRAY_PARAM_DESC(fifo_span, fifo_span_cases, desc);

static void fifo_test_spans(struct kunit *test)
{
	const struct fifo_span_case *p = test->param_value;
	u8 buf[16];
	struct ldd_fifo fifo = fifo_at(buf, sizeof(buf), p->tail, p->len);
	struct ldd_fifo_span room = ldd_fifo_room(&fifo, 0, p->max);
	struct ldd_fifo_span data = ldd_fifo_data(&fifo, 0, p->max);

	KUNIT_EXPECT_EQ(test, room.len, p->room);
	KUNIT_EXPECT_EQ(test, data.len, p->data);
	KUNIT_EXPECT_EQ(test, room.ptr - buf, p->room_at);
	KUNIT_EXPECT_EQ(test, data.ptr - buf, p->data_at);
}

/* A ring never shifts: what stays queued stays where it is (bug 5). */
static void fifo_test_bytes_stay_put(struct kunit *test)
{
	u8 buf[16] = "0123456789abcde";
	u8 before[16];
	struct ldd_fifo fifo = fifo_at(buf, sizeof(buf), 0, sizeof(buf));

	memcpy(before, buf, sizeof(buf));
	for (u32 i = 0; i < sizeof(buf); i++) {
		KUNIT_EXPECT_PTR_EQ(test, ldd_fifo_data(&fifo, 0, 1).ptr, &buf[i]);
		ldd_fifo_consume(&fifo, 1);
		KUNIT_EXPECT_MEMEQ(test, buf, before, sizeof(buf));
	}
	fifo_expect_len(test, &fifo, 0);
}

/* A partial transfer publishes its part only. */
static void fifo_test_partial(struct kunit *test)
{
	u8 buf[16];
	struct ldd_fifo fifo = fifo_at(buf, sizeof(buf), 12, 0);

	ldd_fifo_produce(&fifo, 3);
	fifo_expect_len(test, &fifo, 3);
	ldd_fifo_produce(&fifo, 0);
	fifo_expect_len(test, &fifo, 3);
	ldd_fifo_consume(&fifo, 2);
	fifo_expect_len(test, &fifo, 1);
	ldd_fifo_consume(&fifo, 0);
	fifo_expect_len(test, &fifo, 1);
}

/* Both parts of a transfer that wraps around, before any of it is published. */
static void fifo_test_wrap_in_one_transfer(struct kunit *test)
{
	u8 buf[16];
	struct ldd_fifo fifo = fifo_at(buf, sizeof(buf), U32_MAX - 4, 0);

	KUNIT_EXPECT_EQ(test, ldd_fifo_room(&fifo, 0, 9).len, 5);
	KUNIT_EXPECT_PTR_EQ(test, ldd_fifo_room(&fifo, 5, 4).ptr, &buf[0]);
	KUNIT_EXPECT_EQ(test, ldd_fifo_room(&fifo, 5, 4).len, 4);
	KUNIT_EXPECT_EQ(test, ldd_fifo_room(&fifo, 5, 99).len, 11);
	KUNIT_EXPECT_EQ(test, ldd_fifo_room(&fifo, 16, 99).len, 0);
	fifo_expect_len(test, &fifo, 0);
	ldd_fifo_produce(&fifo, 9);
	KUNIT_EXPECT_EQ(test, ldd_fifo_data(&fifo, 0, 9).len, 5);
	KUNIT_EXPECT_PTR_EQ(test, ldd_fifo_data(&fifo, 5, 4).ptr, &buf[0]);
	KUNIT_EXPECT_EQ(test, ldd_fifo_data(&fifo, 5, 99).len, 4);
	KUNIT_EXPECT_EQ(test, ldd_fifo_data(&fifo, 9, 99).len, 0);
	fifo_expect_len(test, &fifo, 9);
}

static void fifo_test_clear(struct kunit *test)
{
	u8 buf[16];

	for (u32 len = 0; len <= sizeof(buf); len++) {
		struct ldd_fifo fifo = fifo_at(buf, sizeof(buf), U32_MAX - 7, len);

		ldd_fifo_clear(&fifo);
		fifo_expect_len(test, &fifo, 0);
		KUNIT_EXPECT_EQ(test, ldd_fifo_len(&fifo), 0);
	}
}

struct fifo_move_case {
	const char *desc;
	u32 from, to, index, len;
};

static const struct fifo_move_case fifo_move_cases[] = {
	{ "grow, empty", 16, 64, 5, 0 },
	{ "grow, one", 16, 64, 15, 1 },
	{ "grow, full", 16, 64, 0, 16 },
	{ "grow, full and wrapped", 16, 64, 7, 16 },
	{ "grow, indices overflow", 16, 64, U32_MAX - 3, 16 },
	{ "same size, wrapped", 16, 16, 9, 12 },
	{ "shrink, empty", 64, 16, 40, 0 },
	{ "shrink to what is queued", 64, 16, 40, 16 },
	{ "shrink, wrapped before", 64, 16, 60, 10 },
	{ "shrink, wrapped after", 64, 16, 12, 10 },
	{ "shrink, indices overflow", 64, 16, U32_MAX - 3, 16 },
};

KUNIT_ARRAY_PARAM_DESC(fifo_move, fifo_move_cases, desc);

static void fifo_test_move(struct kunit *test)
{
	const struct fifo_move_case *p = test->param_value;
	u8 *old = fifo_alloc(test, p->from), *new = fifo_alloc(test, p->to);
	u8 in[64], out[64];
	struct ldd_fifo fifo = fifo_at(old, p->from, p->index, 0);

	get_random_bytes(in, sizeof(in));
	KUNIT_ASSERT_EQ(test, fifo_put(&fifo, in, p->len), p->len);
	KUNIT_EXPECT_PTR_EQ(test, ldd_fifo_move(&fifo, new, p->to), (void *)old);
	KUNIT_EXPECT_PTR_EQ(test, fifo.buf, new);
	KUNIT_EXPECT_EQ(test, fifo.size, p->to);
	fifo_expect_len(test, &fifo, p->len);
	memset(old, 0xff, p->from);
	KUNIT_ASSERT_EQ(test, fifo_get(&fifo, out, sizeof(out)), p->len);
	KUNIT_EXPECT_MEMEQ(test, in, out, p->len);
}

#define FIFO_MODEL_SIZE 128

/* The reference: an array whose bytes are shifted on each read. */
struct fifo_model {
	u8 bytes[FIFO_MODEL_SIZE];
	u32 len;
};

static void fifo_model_get(struct fifo_model *model, u8 *bytes, u32 count)
{
	memcpy(bytes, model->bytes, count);
	model->len -= count;
	memmove(model->bytes, model->bytes + count, model->len);
}

static void fifo_random_put(struct kunit *test, struct ldd_fifo *fifo,
			    struct fifo_model *model, struct rnd_state *rnd)
{
	u32 count = prandom_u32_state(rnd) % (FIFO_MODEL_SIZE + 1);
	u32 fits = min(count, fifo->size - model->len);
	u8 bytes[FIFO_MODEL_SIZE];

	prandom_bytes_state(rnd, bytes, count);
	KUNIT_ASSERT_EQ(test, fifo_put(fifo, bytes, count), fits);
	memcpy(model->bytes + model->len, bytes, fits);
	model->len += fits;
}

static void fifo_random_get(struct kunit *test, struct ldd_fifo *fifo,
			    struct fifo_model *model, struct rnd_state *rnd)
{
	u32 count = prandom_u32_state(rnd) % (FIFO_MODEL_SIZE + 1);
	u32 there = min(count, model->len);
	u8 got[FIFO_MODEL_SIZE], want[FIFO_MODEL_SIZE];

	KUNIT_ASSERT_EQ(test, fifo_get(fifo, got, count), there);
	fifo_model_get(model, want, there);
	KUNIT_ASSERT_MEMEQ(test, got, want, there);
}

static void fifo_random_move(struct kunit *test, struct ldd_fifo *fifo,
			     struct fifo_model *model, struct rnd_state *rnd)
{
	u32 size = FIFO_MODEL_SIZE >> prandom_u32_state(rnd) % 4;
	u8 *buf;

	if (size < model->len)
		return;
	buf = fifo_alloc(test, size);
	kunit_kfree(test, ldd_fifo_move(fifo, buf, size));
}

static void fifo_random_step(struct kunit *test, struct ldd_fifo *fifo,
			     struct fifo_model *model, struct rnd_state *rnd)
{
	u32 dice = prandom_u32_state(rnd) % 64;

	if (dice == 0) {
		ldd_fifo_clear(fifo);
		model->len = 0;
	} else if (dice < 4) {
		fifo_random_move(test, fifo, model, rnd);
	} else if (dice % 2) {
		fifo_random_put(test, fifo, model, rnd);
	} else {
		fifo_random_get(test, fifo, model, rnd);
	}
	fifo_expect_len(test, fifo, model->len);
}

/* Starts close to the overflow of the indices, so that it is crossed. */
static void fifo_test_random(struct kunit *test)
{
	u32 seed = fifo_seed ?: get_random_u32();
	struct fifo_model model = {};
	struct rnd_state rnd;
	struct ldd_fifo fifo;
	u8 *buf = fifo_alloc(test, FIFO_MODEL_SIZE);

	kunit_info(test, "seed=%u", seed);
	prandom_seed_state(&rnd, seed);
	fifo = fifo_at(buf, FIFO_MODEL_SIZE, U32_MAX - 1000, 0);
	for (int i = 0; i < 20000; i++)
		fifo_random_step(test, &fifo, &model, &rnd);
}

static struct kunit_case fifo_test_cases[] = {
	KUNIT_CASE_PARAM(fifo_test_levels, fifo_size_gen_params),
	KUNIT_CASE_PARAM(fifo_test_fill_and_drain, fifo_size_gen_params),
	KUNIT_CASE_PARAM(fifo_test_wrap_at_every_index, fifo_size_gen_params),
	KUNIT_CASE_PARAM(fifo_test_spans, fifo_span_gen_params),
	KUNIT_CASE(fifo_test_bytes_stay_put),
	KUNIT_CASE(fifo_test_partial),
	KUNIT_CASE(fifo_test_wrap_in_one_transfer),
	KUNIT_CASE(fifo_test_clear),
	KUNIT_CASE_PARAM(fifo_test_move, fifo_move_gen_params),
	KUNIT_CASE(fifo_test_random),
	{}
};

static struct kunit_suite fifo_test_suite = {
	.name = "ldd_fifo",
	.test_cases = fifo_test_cases,
};

kunit_test_suite(fifo_test_suite);

MODULE_DESCRIPTION("KUnit tests of the ldd byte ring");
MODULE_LICENSE("GPL");
