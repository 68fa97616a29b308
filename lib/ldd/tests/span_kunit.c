// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the range arithmetic: tables of every edge, up to the ends of
 * the types, and sweeps where the answer can be checked without repeating it.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/ldd/span.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#define P PAGE_SIZE
/* The last page offset and the last page of the address space. */
#define LAST_PGOFF ULONG_MAX
#define LAST_PAGE PAGE_MASK

struct span_clamp_case {
	const char *desc;
	u64 size;
	loff_t pos;
	size_t count, want;
};

static const struct span_clamp_case span_clamp_cases[] = {
	{ "empty device", 0, 0, 1, 0 },
	{ "empty device, nothing wanted", 0, 0, 0, 0 },
	{ "empty device, everything wanted", 0, 0, SIZE_MAX, 0 },
	{ "nothing wanted", 10, 3, 0, 0 },
	{ "nothing wanted at the end", 10, 10, 0, 0 },
	{ "the first byte", 10, 0, 1, 1 },
	{ "the last byte", 10, 9, 1, 1 },
	{ "the last byte and one more", 10, 9, 2, 1 },
	{ "one byte less than all", 10, 0, 9, 9 },
	{ "all", 10, 0, 10, 10 },
	{ "all and one more", 10, 0, 11, 10 },
	{ "all but the first byte", 10, 1, 9, 9 },
	{ "everything from the middle", 10, 5, SIZE_MAX, 5 },
	{ "at the end", 10, 10, 1, 0 },
	{ "behind the end", 10, 11, 1, 0 },
	{ "in front of the start", 10, -1, 5, 0 },
	{ "most negative position", 10, LLONG_MIN, 5, 0 },
	{ "negative position, endless device", U64_MAX, -2, 5, 0 },
	{ "most negative position, endless device", U64_MAX, LLONG_MIN, 5, 0 },
	{ "largest position", 10, LLONG_MAX, 5, 0 },
	{ "largest position, largest device", LLONG_MAX, LLONG_MAX, 5, 0 },
	{ "last byte of the largest device", LLONG_MAX, LLONG_MAX - 1, SIZE_MAX, 1 },
	{ "largest position, endless device", U64_MAX, LLONG_MAX, 5, 5 },
	{ "as much as there can be", U64_MAX, 0, SIZE_MAX, SIZE_MAX },
	{ "4 GiB are left", SZ_4G, 0, 7, 7 },
	{ "end above 4 GiB", SZ_4G + 4, SZ_4G + 1, 9, 3 },
	{ "across 4 GiB", SZ_4G + 4, SZ_4G - 1, 5, 5 },
};

KUNIT_ARRAY_PARAM_DESC(span_clamp, span_clamp_cases, desc);

static void span_test_clamp(struct kunit *test)
{
	const struct span_clamp_case *p = test->param_value;

	KUNIT_EXPECT_EQ(test, ldd_span_clamp(p->size, p->pos, p->count), p->want);
}

struct span_vma_case {
	const char *desc;
	u64 size;
	unsigned long pgoff, start, end;
	bool want;
};

static const struct span_vma_case span_vma_cases[] = {
	{ "the only page", P, 0, P, 2 * P, true },
	{ "the only page, at address 0", P, 0, 0, P, true },
	{ "the only page, of one byte", 1, 0, P, 2 * P, true },
	{ "the first of two", 2 * P, 0, P, 2 * P, true },
	{ "the last of two", 2 * P, 1, P, 2 * P, true },
	{ "both", 2 * P, 0, P, 3 * P, true },
	{ "one too many", 2 * P, 0, P, 4 * P, false },
	{ "the last and one more", 2 * P, 1, P, 3 * P, false },
	{ "at the end", 2 * P, 2, P, 2 * P, false },
	{ "behind the end", 2 * P, 3, P, 2 * P, false },
	{ "last page has one byte", P + 1, 1, P, 2 * P, true },
	{ "last page has one byte: one too many", P + 1, 1, P, 3 * P, false },
	{ "last page lacks one byte", 2 * P - 1, 0, P, 3 * P, true },
	{ "last page lacks one byte: one too many", 2 * P - 1, 2, P, 2 * P, false },
	{ "empty device", 0, 0, P, 2 * P, false },
	{ "empty device and mapping", 0, 0, P, P, false },
	{ "empty mapping", 2 * P, 0, P, P, false },
	{ "end in front of start", 2 * P, 0, 2 * P, P, false },
	{ "end wrapped to 0", 2 * P, 0, LAST_PAGE, 0, false },
	{ "end at the end of the addresses", P, 0, LAST_PAGE - P, LAST_PAGE, true },
	{ "all addresses, small device", P, 0, 0, LAST_PAGE, false },
	{ "all addresses, endless device", U64_MAX, 0, 0, LAST_PAGE, true },
	{ "start not aligned", 2 * P, 0, P + 1, 2 * P, false },
	{ "end not aligned", 2 * P, 0, P, 2 * P - 1, false },
	{ "neither aligned", 2 * P, 0, P + 1, 2 * P + 1, false },
	{ "end at the last address", 2 * P, 0, P, ULONG_MAX, false },
	{ "start at the last address", 2 * P, 0, ULONG_MAX, ULONG_MAX, false },
	{ "last page offset", 2 * P, LAST_PGOFF, P, 2 * P, false },
	{ "last page offset but one", 2 * P, LAST_PGOFF - 1, P, 2 * P, false },
	{ "last page offset, two pages", 2 * P, LAST_PGOFF, P, 3 * P, false },
	{ "last page offset, three pages", 2 * P, LAST_PGOFF, P, 4 * P, false },
	{ "last page offset, endless device", U64_MAX, LAST_PGOFF, P, 2 * P, false },
	{ "pages wrap, endless device", U64_MAX, LAST_PGOFF, P, 3 * P, false },
	{ "bytes wrap", 2 * P, LAST_PGOFF >> PAGE_SHIFT, P, 2 * P, false },
	{ "bytes wrap to 0", 2 * P, (LAST_PGOFF >> PAGE_SHIFT) + 1, P, 2 * P, false },
	{ "bytes wrap to 0, two pages", 2 * P, LAST_PGOFF >> PAGE_SHIFT, P, 3 * P,
	  false },
	{ "device ends with the bytes", ULONG_MAX, LAST_PGOFF >> PAGE_SHIFT, P, 2 * P,
	  true },
	{ "behind a device that ends with the bytes", ULONG_MAX,
	  (LAST_PGOFF >> PAGE_SHIFT) + 1, P, 2 * P, false },
	{ "device above 4 GiB", SZ_4G + 1, SZ_4G >> PAGE_SHIFT, P, 2 * P, true },
	{ "device above 4 GiB, one too many", SZ_4G + 1, SZ_4G >> PAGE_SHIFT, P,
	  3 * P, false },
	{ "largest device", MAX_LFS_FILESIZE, 0, P, 2 * P, true },
	{ "last page of the largest device", MAX_LFS_FILESIZE,
	  (MAX_LFS_FILESIZE - 1) >> PAGE_SHIFT, P, 2 * P, true },
	{ "last page of the largest device and one more", MAX_LFS_FILESIZE,
	  (MAX_LFS_FILESIZE - 1) >> PAGE_SHIFT, P, 3 * P, false },
};

KUNIT_ARRAY_PARAM_DESC(span_vma, span_vma_cases, desc);

static void span_test_holds_vma(struct kunit *test)
{
	const struct span_vma_case *p = test->param_value;

	KUNIT_EXPECT_EQ(test, p->want,
			ldd_span_holds_vma(p->size, p->pgoff, p->start, p->end));
}

struct span_page_case {
	const char *desc;
	u64 size;
	unsigned long pgoff;
	bool want;
};

static const struct span_page_case span_page_cases[] = {
	{ "empty device", 0, 0, false },
	{ "one byte", 1, 0, true },
	{ "behind one byte", 1, 1, false },
	{ "a page but for its last byte", P - 1, 0, true },
	{ "behind a page but for its last byte", P - 1, 1, false },
	{ "a page", P, 0, true },
	{ "behind a page", P, 1, false },
	{ "one byte of the second page", P + 1, 1, true },
	{ "behind one byte of the second page", P + 1, 2, false },
	{ "last page offset", P, LAST_PGOFF, false },
	{ "position wraps to 0", P, (LAST_PGOFF >> PAGE_SHIFT) + 1, false },
	{ "position is the largest", P, LAST_PGOFF >> PAGE_SHIFT, false },
	{ "last page of all bytes", ULONG_MAX, LAST_PGOFF >> PAGE_SHIFT, true },
	{ "endless device", U64_MAX, 0, true },
	{ "endless device, its last page", U64_MAX,
	  MIN_T(u64, LAST_PGOFF, U64_MAX >> PAGE_SHIFT), true },
	{ "above 4 GiB", SZ_4G + 1, SZ_4G >> PAGE_SHIFT, true },
	{ "at the end above 4 GiB", SZ_4G, SZ_4G >> PAGE_SHIFT, false },
	{ "last page of the largest device", MAX_LFS_FILESIZE,
	  (MAX_LFS_FILESIZE - 1) >> PAGE_SHIFT, true },
	{ "behind the largest device", MAX_LFS_FILESIZE,
	  ((MAX_LFS_FILESIZE - 1) >> PAGE_SHIFT) + 1, false },
};

KUNIT_ARRAY_PARAM_DESC(span_page, span_page_cases, desc);

static void span_test_holds_page(struct kunit *test)
{
	const struct span_page_case *p = test->param_value;

	KUNIT_EXPECT_EQ(test, ldd_span_holds_page(p->size, p->pgoff), p->want);
}

struct span_locate_case {
	const char *desc;
	loff_t pos;
	unsigned int order;
	struct ldd_span_place want;
};

static const struct span_locate_case span_locate_cases[] = {
	{ "first byte", 0, 0, { 0, 0, P } },
	{ "second byte", 1, 0, { 0, 1, P - 1 } },
	{ "last byte of the first page", P - 1, 0, { 0, P - 1, 1 } },
	{ "first byte of the second page", P, 0, { 1, 0, P } },
	{ "first byte, order 1", 0, 1, { 0, 0, 2 * P } },
	{ "second page, order 1", P, 1, { 0, P, P } },
	{ "last byte, order 1", 2 * P - 1, 1, { 0, 2 * P - 1, 1 } },
	{ "second cluster, order 1", 2 * P, 1, { 1, 0, 2 * P } },
	{ "in the third cluster, order 3", 17 * P + 5, 3, { 2, P + 5, 7 * P - 5 } },
	{ "first byte, highest order", 0, MAX_PAGE_ORDER,
	  { 0, 0, P << MAX_PAGE_ORDER } },
	{ "last byte, highest order", ((loff_t)P << MAX_PAGE_ORDER) - 1,
	  MAX_PAGE_ORDER, { 0, (P << MAX_PAGE_ORDER) - 1, 1 } },
	{ "second cluster, highest order", (loff_t)P << MAX_PAGE_ORDER,
	  MAX_PAGE_ORDER, { 1, 0, P << MAX_PAGE_ORDER } },
};

KUNIT_ARRAY_PARAM_DESC(span_locate, span_locate_cases, desc);

static void span_test_locate(struct kunit *test)
{
	const struct span_locate_case *p = test->param_value;
	struct ldd_span_place place = ldd_span_locate(p->pos, p->order);

	KUNIT_EXPECT_EQ(test, place.cluster, p->want.cluster);
	KUNIT_EXPECT_EQ(test, place.offset, p->want.offset);
	KUNIT_EXPECT_EQ(test, place.left, p->want.left);
}

struct span_pos_case {
	const char *desc;
	loff_t pos;
};

static const struct span_pos_case span_pos_cases[] = {
	{ "first", 0 },
	{ "last byte of a page", P - 1 },
	{ "second page", P },
	{ "last byte below 2 GiB", SZ_2G - 1LL },
	{ "2 GiB", SZ_2G },
	{ "last byte below 4 GiB", SZ_4G - 1 },
	{ "4 GiB", SZ_4G },
	{ "somewhere above 4 GiB", 5 * SZ_4G + 4321 },
	{ "last byte of the largest device", MAX_LFS_FILESIZE - 1 },
	{ "largest", MAX_LFS_FILESIZE },
};

KUNIT_ARRAY_PARAM_DESC(span_pos, span_pos_cases, desc);

/* Whatever the order: these three leave one right answer. */
static void span_test_locate_every_order(struct kunit *test)
{
	const struct span_pos_case *p = test->param_value;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct ldd_span_place place = ldd_span_locate(p->pos, order);
		size_t bytes = P << order;

		KUNIT_EXPECT_EQ_MSG(test, (u64)place.cluster * bytes + place.offset,
				    p->pos, "order %u", order);
		KUNIT_EXPECT_LT_MSG(test, place.offset, bytes, "order %u", order);
		KUNIT_EXPECT_EQ_MSG(test, place.offset + place.left, bytes,
				    "order %u", order);
	}
}

struct span_around_case {
	const char *desc;
	/* All but the offset in pages, the addresses from @base on. */
	unsigned long base, start, end, vm_pgoff, page;
	unsigned int pages;
	unsigned long want, want_pgoff;
	unsigned int want_pages;
	unsigned long offset;
};

#define MIB512 SZ_512M			/* a multiple of every PMD_SIZE */
#define TOP (LAST_PAGE - 31 * P)	/* the last 32 pages; a VMA has 31 at most */

static const struct span_around_case span_around_cases[] = {
	{ "one page wanted", MIB512, 0, 64, 0, 20, 1, 20, 20, 1 },
	{ "one page wanted, its last byte", MIB512, 0, 64, 0, 20, 1, 20, 20, 1, P - 1 },
	{ "first page of the window", MIB512, 0, 64, 0, 16, 16, 16, 16, 16 },
	{ "last byte of the window", MIB512, 0, 64, 0, 31, 16, 16, 16, 16, P - 1 },
	{ "first byte behind the window", MIB512, 0, 64, 0, 32, 16, 32, 32, 16 },
	{ "two pages wanted", MIB512, 0, 64, 0, 21, 2, 20, 20, 2 },
	{ "device offset", MIB512, 0, 64, 100, 20, 16, 16, 116, 16 },
	{ "device offset, not aligned", MIB512, 0, 64, 3, 20, 16, 16, 19, 16 },
	{ "aligned by address, not by mapping", MIB512, 5, 64, 0, 20, 16, 16, 11, 16 },
	{ "cut at the start", MIB512, 5, 64, 0, 7, 16, 5, 0, 11 },
	{ "cut at the start, its first page", MIB512, 5, 64, 9, 5, 16, 5, 9, 11 },
	{ "cut at the end", MIB512, 0, 20, 0, 18, 16, 16, 16, 4 },
	{ "cut at the end, its last byte", MIB512, 0, 20, 0, 19, 16, 16, 16, 4, P - 1 },
	{ "cut at both ends", MIB512, 5, 11, 7, 8, 16, 5, 7, 6 },
	{ "mapping of one page", MIB512, 7, 8, 2, 7, 16, 7, 2, 1 },
	{ "mapping of one page, its last byte", MIB512, 7, 8, 2, 7, 16, 7, 2, 1, P - 1 },
	{ "mapping ends with the window", MIB512, 0, 32, 0, 31, 16, 16, 16, 16 },
	{ "mapping starts with the window", MIB512, 16, 64, 0, 17, 16, 16, 0, 16 },
	{ "more than a mapping can have", MIB512, 1, 9, 0, 4, 1U << 31, 1, 0, 8 },
	{ "lowest addresses", 0, 0, 64, 0, 0, 16, 0, 0, 16 },
	{ "highest addresses", TOP, 0, 31, 0, 30, 16, 16, 16, 15 },
	{ "highest addresses, window larger", TOP, 0, 31, 0, 30, 64, 0, 0, 31 },
	{ "last device offset", MIB512, 0, 16, LAST_PGOFF - 15, 15, 16, 0,
	  LAST_PGOFF - 15, 16 },
	{ "last device offset, cut", MIB512, 15, 16, LAST_PGOFF, 15, 16, 15,
	  LAST_PGOFF, 1 },
};

KUNIT_ARRAY_PARAM_DESC(span_around, span_around_cases, desc);

static void span_test_around(struct kunit *test)
{
	const struct span_around_case *p = test->param_value;
	struct ldd_span_window window =
		ldd_span_around(p->base + p->start * P, p->base + p->end * P,
				p->vm_pgoff, p->base + p->page * P + p->offset,
				p->pages);

	KUNIT_EXPECT_EQ(test, window.address, p->base + p->want * P);
	KUNIT_EXPECT_EQ(test, window.pgoff, p->want_pgoff);
	KUNIT_EXPECT_EQ(test, window.pages, p->want_pages);
}

/* The window for one fault: in the mapping, in one page table, and no smaller. */
static bool span_window_right(unsigned long start, unsigned long end,
			      unsigned long address, unsigned int pages)
{
	struct ldd_span_window w = ldd_span_around(start, end, 1000, address, pages);
	unsigned long behind = w.address + w.pages * P;

	return w.address >= start && behind <= end && w.address <= address &&
	       address < behind && w.pages <= pages &&
	       (w.address & PMD_MASK) == ((behind - 1) & PMD_MASK) &&
	       (w.address == start || !(w.address % (pages * P))) &&
	       (behind == end || !(behind % (pages * P))) &&
	       w.pgoff == 1000 + (w.address - start) / P;
}

/* Mappings that start and end at each page about a page table's end. */
static void span_test_around_one_page_table(struct kunit *test)
{
	unsigned long middle = MIB512 + PMD_SIZE;

	for (unsigned int pages = 1; pages <= PTRS_PER_PTE; pages *= 2) {
		for (long from = -9; from < 9; from++) {
			for (long to = from + 1; to <= 9; to++) {
				for (long at = from; at < to; at++) {
					if (span_window_right(middle + from * P,
							      middle + to * P,
							      middle + at * P, pages))
						continue;
					KUNIT_FAIL(test, "%u pages, [%ld, %ld), %ld",
						   pages, from, to, at);
					return;
				}
			}
		}
	}
}

static struct kunit_case span_test_cases[] = {
	KUNIT_CASE_PARAM(span_test_clamp, span_clamp_gen_params),
	KUNIT_CASE_PARAM(span_test_holds_vma, span_vma_gen_params),
	KUNIT_CASE_PARAM(span_test_holds_page, span_page_gen_params),
	KUNIT_CASE_PARAM(span_test_locate, span_locate_gen_params),
	KUNIT_CASE_PARAM(span_test_locate_every_order, span_pos_gen_params),
	KUNIT_CASE_PARAM(span_test_around, span_around_gen_params),
	KUNIT_CASE(span_test_around_one_page_table),
	{}
};

static struct kunit_suite span_test_suite = {
	.name = "ldd_span",
	.test_cases = span_test_cases,
};

kunit_test_suite(span_test_suite);

MODULE_DESCRIPTION("KUnit tests of the ldd range arithmetic");
MODULE_LICENSE("GPL");
