// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DMA window: tables of every edge, then a randomised run
 * against a reference that goes byte by byte.
 */
#include <kunit/test.h>
#include <linux/ldd/window.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/scatterlist.h>

#define SIZE 4095
#define ENTRIES 6

static unsigned int window_seed;
module_param_named(seed, window_seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the randomised run (default 0: a new one each time)");

/* One entry of a list that is mapped for DMA. */
struct window_entry {
	dma_addr_t addr;
	unsigned int len;
};

static void window_fill(struct scatterlist *sg, const struct window_entry *entries,
			unsigned int nents)
{
	sg_init_table(sg, nents);
	for (unsigned int i = 0; i < nents; i++) {
		sg_dma_address(&sg[i]) = entries[i].addr;
		sg_dma_len(&sg[i]) = entries[i].len;
	}
}

/* Entries of the list, and the pieces, until the first of length 0. */
struct window_case {
	const char *desc;
	unsigned int offset, nents;
	struct window_entry entries[ENTRIES];
	struct ldd_window_piece want[ENTRIES];
};

static const struct window_case window_cases[] = {
	{ "no entry", 0, 0 },
	{ "an empty entry", 0, 1, { { 0x1000, 0 } } },
	{ "one byte", 0, 1, { { 0x1234, 1 } }, { { 0x1234, 0, 1 } } },
	{ "one byte, in the last place", SIZE - 1, 1, { { 0x1234, 1 } },
	  { { 0x1234, SIZE - 1, 1 } } },
	{ "one byte, at the end", SIZE, 1, { { 0x1234, 1 } } },
	{ "one byte, behind the end", SIZE + 1, 1, { { 0x1234, 1 } } },
	{ "one byte, at the greatest offset", UINT_MAX, 1, { { 0x1234, 1 } } },
	{ "two bytes, in the last place", SIZE - 1, 1, { { 0x1234, 2 } },
	  { { 0x1234, SIZE - 1, 1 } } },
	{ "one byte less than the window", 0, 1, { { 0x1000, SIZE - 1 } },
	  { { 0x1000, 0, SIZE - 1 } } },
	{ "the window", 0, 1, { { 0x1000, SIZE } }, { { 0x1000, 0, SIZE } } },
	{ "the window and one byte", 0, 1, { { 0x1000, SIZE + 1 } },
	  { { 0x1000, 0, SIZE } } },
	{ "the window, from its second byte", 1, 1, { { 0x1000, SIZE } },
	  { { 0x1000, 1, SIZE - 1 } } },
	{ "longest entry", 5, 1, { { 0x1000, UINT_MAX } },
	  { { 0x1000, 5, SIZE - 5 } } },
	{ "two entries", 7, 2, { { 0x1000, 3 }, { 0x9000, 4 } },
	  { { 0x1000, 7, 3 }, { 0x9000, 10, 4 } } },
	{ "two entries side by side", 0, 2, { { 0x1000, 3 }, { 0x1003, 4 } },
	  { { 0x1000, 0, 3 }, { 0x1003, 3, 4 } } },
	{ "two entries, the same memory", 0, 2, { { 0x1000, 3 }, { 0x1000, 3 } },
	  { { 0x1000, 0, 3 }, { 0x1000, 3, 3 } } },
	{ "two entries that fill the window", 0, 2, { { 0x1000, SIZE - 1 }, { 0x9000, 1 } },
	  { { 0x1000, 0, SIZE - 1 }, { 0x9000, SIZE - 1, 1 } } },
	{ "the second does not fit", 0, 2, { { 0x1000, SIZE }, { 0x9000, 1 } },
	  { { 0x1000, 0, SIZE } } },
	{ "the second fits in part", 0, 2, { { 0x1000, SIZE - 2 }, { 0x9000, 5 } },
	  { { 0x1000, 0, SIZE - 2 }, { 0x9000, SIZE - 2, 2 } } },
	{ "empty entries first, between and last", 0, 5,
	  { { 0x1000, 0 }, { 0x2000, 1 }, { 0x3000, 0 }, { 0x4000, 2 }, { 0x5000, 0 } },
	  { { 0x2000, 0, 1 }, { 0x4000, 1, 2 } } },
	{ "nothing but empty entries", 0, 3,
	  { { 0x1000, 0 }, { 0x2000, 0 }, { 0x3000, 0 } } },
	{ "last bytes of 28 bits", 0, 1, { { 0xffffff0, 16 } }, { { 0xffffff0, 0, 16 } } },
};

KUNIT_ARRAY_PARAM_DESC(window, window_cases, desc);

static void window_test_pieces(struct kunit *test)
{
	const struct window_case *p = test->param_value;
	struct scatterlist sg[ENTRIES] = {};
	struct ldd_window_piece piece;
	struct ldd_window window;

	if (p->nents)
		window_fill(sg, p->entries, p->nents);
	ldd_window_start(&window, sg, p->nents, p->offset, SIZE);
	for (unsigned int i = 0; i < ENTRIES && p->want[i].len; i++) {
		KUNIT_ASSERT_TRUE(test, ldd_window_next(&window, &piece));
		KUNIT_EXPECT_EQ(test, piece.addr, p->want[i].addr);
		KUNIT_EXPECT_EQ(test, piece.offset, p->want[i].offset);
		KUNIT_EXPECT_EQ(test, piece.len, p->want[i].len);
	}
	/* The end stays the end. */
	KUNIT_EXPECT_FALSE(test, ldd_window_next(&window, &piece));
	KUNIT_EXPECT_FALSE(test, ldd_window_next(&window, &piece));
}

/* Byte after byte, each in the place that the reference has it. */
static void window_check_random(struct kunit *test, struct rnd_state *rnd)
{
	unsigned int size = 1 + prandom_u32_state(rnd) % 64;
	unsigned int offset = prandom_u32_state(rnd) % (size + 2);
	unsigned int nents = 1 + prandom_u32_state(rnd) % ENTRIES;
	struct window_entry entries[ENTRIES];
	struct scatterlist sg[ENTRIES];
	struct ldd_window_piece piece;
	struct ldd_window window;
	unsigned int entry = 0, byte = 0;

	for (unsigned int i = 0; i < nents; i++)
		entries[i] = (struct window_entry){
			.addr = prandom_u32_state(rnd) % 0x10000000,
			.len = prandom_u32_state(rnd) % 24,
		};
	window_fill(sg, entries, nents);
	ldd_window_start(&window, sg, nents, offset, size);
	while (ldd_window_next(&window, &piece)) {
		KUNIT_ASSERT_NE(test, piece.len, 0);
		KUNIT_ASSERT_EQ(test, piece.offset, offset);
		for (unsigned int i = 0; i < piece.len; i++, byte++, offset++) {
			for (; byte == entries[entry].len; byte = 0)
				entry++;
			KUNIT_ASSERT_LT(test, entry, nents);
			KUNIT_ASSERT_EQ(test, piece.addr + i, entries[entry].addr + byte);
			KUNIT_ASSERT_LT(test, offset, size);
		}
	}
	while (entry < nents && byte == entries[entry].len) {
		entry++;
		byte = 0;
	}
	KUNIT_EXPECT_TRUE(test, entry == nents || offset >= size);
}

static void window_test_random(struct kunit *test)
{
	u32 seed = window_seed ?: get_random_u32();
	struct rnd_state rnd;

	kunit_info(test, "seed %u", seed);
	prandom_seed_state(&rnd, seed);
	for (int round = 0; round < 2000 && test->status == KUNIT_SUCCESS; round++)
		window_check_random(test, &rnd);
}

/* Entries of a list that is not mapped, by where they are in a few pages. */
struct window_apart_case {
	const char *desc;
	unsigned int nents, want;
	struct {
		unsigned int at, len;
	} entries[4];
};

#define P PAGE_SIZE

static const struct window_apart_case window_apart_cases[] = {
	{ "one entry", 1, 1, { { 0, 1 } } },
	{ "one line each", 2, 2, { { 0, 64 }, { 64, 64 } } },
	{ "one byte each, a line apart", 2, 2, { { 63, 1 }, { 64, 1 } } },
	{ "one line, one byte each", 2, 1, { { 0, 1 }, { 63, 1 } } },
	{ "one line, in reverse", 2, 1, { { 63, 1 }, { 0, 1 } } },
	{ "the same byte", 2, 1, { { 5, 1 }, { 5, 1 } } },
	{ "the last byte meets", 2, 1, { { 0, 65 }, { 100, 1 } } },
	{ "the last byte does not meet", 2, 2, { { 0, 64 }, { 100, 1 } } },
	{ "the first byte meets", 2, 1, { { 100, 1 }, { 0, 65 } } },
	{ "one within the other", 2, 1, { { 0, 256 }, { 128, 1 } } },
	{ "one about the other", 2, 1, { { 128, 1 }, { 0, 256 } } },
	{ "other pages, same place", 2, 2, { { 0, 1 }, { P, 1 } } },
	{ "pages side by side", 2, 2, { { 10, P - 10 }, { P, 5 } } },
	{ "the third meets the first", 3, 2, { { 0, 1 }, { P, 1 }, { 1, 1 } } },
	{ "the third meets the second", 3, 2, { { 0, 1 }, { P, 1 }, { P + 1, 1 } } },
	{ "the last meets the first", 4, 3, { { 0, 1 }, { P, 1 }, { 2 * P, 1 }, { 9, 1 } } },
	{ "none of four", 4, 4, { { 0, 64 }, { 64, 64 }, { 192, 9 }, { 128, 64 } } },
};

KUNIT_ARRAY_PARAM_DESC(window_apart, window_apart_cases, desc);

static void window_test_apart(struct kunit *test)
{
	const struct window_apart_case *p = test->param_value;
	struct page *pages = alloc_pages(GFP_KERNEL, 2);
	struct scatterlist sg[4];

	KUNIT_ASSERT_NOT_NULL(test, pages);
	sg_init_table(sg, p->nents);
	for (unsigned int i = 0; i < p->nents; i++)
		sg_set_page(&sg[i], pages + p->entries[i].at / P,
			    p->entries[i].len, p->entries[i].at % P);
	KUNIT_EXPECT_EQ(test, ldd_window_apart(sg, p->nents, 64), p->want);
	/* Without lines, bytes count. */
	if (p->want == p->nents)
		KUNIT_EXPECT_EQ(test, ldd_window_apart(sg, p->nents, 1), p->nents);
	__free_pages(pages, 2);
}

static struct kunit_case window_test_cases[] = {
	KUNIT_CASE_PARAM(window_test_pieces, window_gen_params),
	KUNIT_CASE(window_test_random),
	KUNIT_CASE_PARAM(window_test_apart, window_apart_gen_params),
	{}
};

static struct kunit_suite window_test_suite = {
	.name = "ldd_window",
	.test_cases = window_test_cases,
};

kunit_test_suite(window_test_suite);

MODULE_DESCRIPTION("KUnit tests of the ldd DMA window");
MODULE_LICENSE("GPL");
