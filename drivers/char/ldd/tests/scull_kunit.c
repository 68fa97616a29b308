// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what scullp and scullv share: edges, holes, limits, failed
 * allocations, faults half-way, what may change when; and a randomised run
 * against a flat buffer. The memory of the clusters is the test's own.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../scull.h"
#include "util.h"

static unsigned int scull_seed;
module_param_named(seed, scull_seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the randomised run (default 0: a new one each time)");

#define DEVICES 2
#define ORDERS 4	/* 0 to 3 */
#define CLUSTERS 4	/* of the greatest order are as much as FLAT */
#define FLAT (CLUSTERS * (PAGE_SIZE << (ORDERS - 1)))
#define OLD 0xa5	/* what memory is full of that nobody has zeroed */

static struct scull_set *set;
static struct scull_dev *scull;
static u8 bytes_in[FLAT], bytes_out[FLAT + 1], flat[FLAT];

/* Memory that is counted, fails on demand, and has a guard behind each cluster. */
static struct {
	unsigned int calls;	/* of alloc */
	unsigned int fail_at;	/* this call of alloc fails; 0: none does */
	bool rival;		/* another cluster gets into the hole first */
	long live;		/* clusters that were not freed */
	unsigned int overruns;	/* clusters that somebody wrote behind */
} fake;

static void *fake_alloc(unsigned int order, gfp_t gfp)
{
	size_t bytes = PAGE_SIZE << order;
	void *cluster;

	if (++fake.calls == fake.fail_at)
		return NULL;
	cluster = kmalloc(2 * bytes, gfp & ~__GFP_ZERO);
	if (!cluster)
		return NULL;
	memset(cluster, OLD, 2 * bytes);
	if (gfp & __GFP_ZERO)
		memset(cluster, 0, bytes);
	fake.live++;
	if (fake.rival) {
		fake.rival = false;
		ldd_store_insert(&scull->store, 0, fake_alloc(order, gfp), GFP_KERNEL);
	}
	return cluster;
}

static void fake_free(void *cluster, unsigned int order)
{
	size_t bytes = PAGE_SIZE << order;

	fake.overruns += !!memchr_inv(cluster + bytes, OLD, bytes);
	fake.live--;
	kfree(cluster);
}

static const struct scull_memory fake_memory = {
	.alloc	= fake_alloc,
	.free	= fake_free,
};

static ssize_t scull_get(size_t count, loff_t pos, bool nowait)
{
	struct kvec vec = { .iov_base = bytes_out, .iov_len = count };
	loff_t at = pos;
	struct iov_iter to;
	ssize_t ret;

	memset(bytes_out, OLD, sizeof(bytes_out));
	iov_iter_kvec(&to, ITER_DEST, &vec, 1, count);
	ret = scull_read(scull, &to, &at, nowait);
	return at == pos + max(ret, 0) ? ret : -ESPIPE;
}

static ssize_t scull_put(size_t count, loff_t pos, bool nowait)
{
	struct kvec vec = { .iov_base = bytes_in, .iov_len = count };
	struct iov_iter from;
	loff_t at = pos;
	ssize_t ret;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, count);
	ret = scull_write(scull, &from, &at, nowait, false);
	return at == pos + max(ret, 0) &&
	       iov_iter_count(&from) == count - max(ret, 0) ? ret : -ESPIPE;
}

/* The bytes of @count clusters, and some more. */
static loff_t scull_at(long count, long bytes)
{
	return (loff_t)count * (PAGE_SIZE << scull->store.order) + bytes;
}

static void scull_expect_at(struct kunit *test, int line, loff_t size, long clusters)
{
	unsigned int order = scull->store.order;

	KUNIT_EXPECT_EQ_MSG(test, scull->size, size, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, scull->end, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
			    "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, scull->store.count, clusters, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, fake.live, clusters, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, atomic_long_read(&set->pages), clusters << order,
			    "line %d", line);
}

/* The size of the device, and how many clusters are there and accounted. */
#define scull_expect(test, size, clusters) \
	scull_expect_at(test, __LINE__, size, clusters)

/* Not KUNIT_EXPECT_MEMEQ(), which prints them all, and here they are many. */
#define scull_expect_bytes(test, seen, want, count) \
	KUNIT_EXPECT_EQ(test, memcmp(seen, want, count), 0)

static int scull_test_init(struct kunit *test)
{
	memset(&fake, 0, sizeof(fake));
	get_random_bytes(bytes_in, sizeof(bytes_in));
	set = kunit_kzalloc(test, struct_size(set, devs, DEVICES), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, set);
	set->count = DEVICES;
	set->memory = &fake_memory;
	set->pages_max = 100;
	for (int i = 0; i < DEVICES; i++)
		scull_setup(&set->devs[i], set, 0, FLAT);
	scull = &set->devs[0];
	return 0;
}

static void scull_test_exit(struct kunit *test)
{
	for (int i = 0; set && i < DEVICES; i++)
		ldd_store_truncate(&set->devs[i].store, 0, fake_free);
	KUNIT_EXPECT_EQ(test, fake.live, 0);
	KUNIT_EXPECT_EQ(test, fake.overruns, 0);
}

static void scull_start(struct kunit *test, unsigned int order, loff_t limit)
{
	KUNIT_ASSERT_EQ(test, scull_empty(scull), 0);
	KUNIT_ASSERT_EQ(test, scull_set_order(scull, order), 0);
	KUNIT_ASSERT_EQ(test, scull_set_limit(scull, limit), 0);
}

/* A number of clusters, and some bytes. */
struct scull_pos {
	int cluster;
	int bytes;
};

struct scull_edge_case {
	const char *desc;
	struct scull_pos pos, count, want;
	int clusters;	/* that a write leaves behind */
};

/* The device ends, or may end, three bytes short of four clusters. */
static const struct scull_edge_case scull_edge_cases[] = {
	{ "nothing", { 0 }, { 0 }, { 0 }, 0 },
	{ "first byte", { 0 }, { 0, 1 }, { 0, 1 }, 1 },
	{ "a cluster but one byte", { 0 }, { 1, -1 }, { 1, -1 }, 1 },
	{ "a cluster", { 0 }, { 1 }, { 1 }, 1 },
	{ "a cluster and one byte", { 0 }, { 1, 1 }, { 1, 1 }, 2 },
	{ "last byte of a cluster", { 1, -1 }, { 0, 1 }, { 0, 1 }, 1 },
	{ "first byte of a cluster", { 1 }, { 0, 1 }, { 0, 1 }, 1 },
	{ "across a boundary", { 1, -1 }, { 0, 2 }, { 0, 2 }, 2 },
	{ "across three", { 1, -1 }, { 2, 2 }, { 2, 2 }, 4 },
	{ "the second cluster", { 1 }, { 1 }, { 1 }, 1 },
	{ "as long as a cluster, not aligned", { 1, 7 }, { 1 }, { 1 }, 2 },
	{ "all", { 0 }, { 4, -3 }, { 4, -3 }, 4 },
	{ "one too many", { 0 }, { 4, -2 }, { 4, -3 }, 4 },
	{ "last byte", { 4, -4 }, { 0, 1 }, { 0, 1 }, 1 },
	{ "last byte and more", { 4, -4 }, { 2 }, { 0, 1 }, 1 },
	{ "at the end", { 4, -3 }, { 0, 1 }, { 0 }, 0 },
	{ "nothing at the end", { 4, -3 }, { 0 }, { 0 }, 0 },
	{ "behind the end", { 4, -2 }, { 1 }, { 0 }, 0 },
	{ "far behind the end", { 1 << 20 }, { 1 }, { 0 }, 0 },
	{ "negative", { 0, -1 }, { 0, 2 }, { 0 }, 0 },
};

KUNIT_ARRAY_PARAM_DESC(scull_edge, scull_edge_cases, desc);

static void scull_write_edge(struct kunit *test, const struct scull_edge_case *p,
			     unsigned int order)
{
	loff_t pos, size;
	size_t count;
	ssize_t want;

	scull_start(test, order, (CLUSTERS * PAGE_SIZE << order) - 3);
	pos = scull_at(p->pos.cluster, p->pos.bytes);
	count = scull_at(p->count.cluster, p->count.bytes);
	want = scull_at(p->want.cluster, p->want.bytes);
	size = want ? pos + want : 0;
	KUNIT_EXPECT_EQ_MSG(test, scull_put(count, pos, false),
			    want || !count ? want : -ENOSPC, "order %u", order);
	scull_expect(test, size, p->clusters);
	if (!want)
		return;
	KUNIT_EXPECT_EQ(test, scull_get(FLAT, 0, false), size);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes_out, 0, pos));
	scull_expect_bytes(test, bytes_out + pos, bytes_in, want);
}

/* Around what is written there are zeros, whatever the memory was (bug 10). */
static void scull_test_write_edge(struct kunit *test)
{
	for (unsigned int order = 0; order < ORDERS; order++)
		scull_write_edge(test, test->param_value, order);
}

static void scull_read_edge(struct kunit *test, const struct scull_edge_case *p,
			    unsigned int order)
{
	unsigned int calls;
	size_t count, want;
	loff_t pos;

	scull_start(test, order, FLAT);
	/* Cluster 1 is a hole. */
	KUNIT_ASSERT_EQ(test, scull_put(scull_at(1, 0), 0, false), scull_at(1, 0));
	KUNIT_ASSERT_EQ(test, scull_put(scull_at(2, -3), scull_at(2, 0), false),
			scull_at(2, -3));
	memcpy(flat, bytes_in, scull_at(1, 0));
	memset(flat + scull_at(1, 0), 0, scull_at(1, 0));
	memcpy(flat + scull_at(2, 0), bytes_in, scull_at(2, -3));
	calls = fake.calls;
	pos = scull_at(p->pos.cluster, p->pos.bytes);
	count = scull_at(p->count.cluster, p->count.bytes);
	want = scull_at(p->want.cluster, p->want.bytes);
	KUNIT_EXPECT_EQ_MSG(test, scull_get(count, pos, false), want, "order %u", order);
	if (want)
		scull_expect_bytes(test, bytes_out, flat + pos, want);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes_out + want, OLD,
					   sizeof(bytes_out) - want));
	KUNIT_EXPECT_EQ(test, fake.calls, calls);
}

static void scull_test_read_edge(struct kunit *test)
{
	for (unsigned int order = 0; order < ORDERS; order++)
		scull_read_edge(test, test->param_value, order);
}

/* A read allocates nothing, however far from the start (bug 12). */
static void scull_test_read_far(struct kunit *test)
{
	static const loff_t far[] = { 0, SZ_1G, 1LL << 40, MAX_LFS_FILESIZE - 9 };

	scull_start(test, 0, MAX_LFS_FILESIZE);
	for (int i = 0; i < ARRAY_SIZE(far); i++)
		KUNIT_EXPECT_EQ(test, scull_get(100, far[i], false), 0);
	scull_expect(test, 0, 0);
	KUNIT_EXPECT_EQ(test, scull_put(9, MAX_LFS_FILESIZE - 1, false), 1);
	scull_expect(test, MAX_LFS_FILESIZE, 1);
	for (int i = 0; i < ARRAY_SIZE(far); i++) {
		if (far[i] > MAX_LFS_FILESIZE - 9)
			continue;
		KUNIT_EXPECT_EQ(test, scull_get(8, far[i], false), 8);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes_out, 0, 8));
	}
	KUNIT_EXPECT_EQ(test, scull_get(9, MAX_LFS_FILESIZE - 1, false), 1);
	KUNIT_EXPECT_EQ(test, bytes_out[0], bytes_in[0]);
	KUNIT_EXPECT_EQ(test, scull_get(9, LLONG_MAX, false), 0);
	KUNIT_EXPECT_EQ(test, scull_put(9, LLONG_MAX, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fake.calls, 1);
}

/* The budget is that of all devices, and ends between two clusters. */
static void scull_test_budget(struct kunit *test)
{
	scull_start(test, 1, FLAT);
	set->pages_max = 5;
	KUNIT_EXPECT_EQ(test, scull_put(scull_at(3, 0), 0, false), scull_at(2, 0));
	scull_expect(test, scull_at(2, 0), 2);
	KUNIT_EXPECT_EQ(test, scull_put(1, scull_at(2, 0), false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, scull_put(scull_at(2, 0), 0, false), scull_at(2, 0));
	scull_expect(test, scull_at(2, 0), 2);
	KUNIT_EXPECT_EQ(test, fake.calls, 2);

	scull = &set->devs[1];
	KUNIT_EXPECT_EQ(test, scull_put(PAGE_SIZE + 1, 0, false), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, scull_put(1, PAGE_SIZE, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&set->pages), 5);
	KUNIT_EXPECT_EQ(test, scull_empty(&set->devs[0]), 0);
	scull_expect(test, PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, scull_put(1, PAGE_SIZE, false), 1);
}

/* What was written before the memory ran out counts; then all is as it was. */
static void scull_test_no_memory(struct kunit *test)
{
	scull_start(test, 2, FLAT);
	fake.fail_at = 2;
	KUNIT_EXPECT_EQ(test, scull_put(scull_at(3, 0), 5, false), scull_at(1, -5));
	scull_expect(test, scull_at(1, 0), 1);
	fake.fail_at = 3;
	KUNIT_EXPECT_EQ(test, scull_put(1, scull_at(2, 0), false), -ENOMEM);
	scull_expect(test, scull_at(1, 0), 1);
	KUNIT_EXPECT_EQ(test, scull_put(1, scull_at(2, 0), false), 1);
	scull_expect(test, scull_at(2, 1), 2);
}

/* The bytes were taken already when the cluster could not be put into its hole. */
static void scull_test_no_insertion(struct kunit *test)
{
	fake.rival = true;
	KUNIT_EXPECT_EQ(test, scull_put(100, 0, false), -EBUSY);
	KUNIT_EXPECT_EQ(test, scull->size, 0);
	KUNIT_EXPECT_EQ(test, scull->store.count, 1);
	KUNIT_EXPECT_EQ(test, fake.live, 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&set->pages), 0);
}

/* A bad buffer leaves no memory behind, not even behind a good cluster. */
static void scull_test_write_faults(struct kunit *test)
{
	char __user *buf = test_half_mapped(test) + PAGE_SIZE - 40;
	struct iov_iter from;
	loff_t pos;

	KUNIT_ASSERT_EQ(test, copy_to_user(buf, bytes_in, 40), 0);
	scull_start(test, 1, FLAT);
	pos = scull_at(1, -40);
	KUNIT_ASSERT_EQ(test, import_ubuf(ITER_SOURCE, buf, 100, &from), 0);
	KUNIT_EXPECT_EQ(test, scull_write(scull, &from, &pos, false, false), 40);
	scull_expect(test, scull_at(1, 0), 1);
	KUNIT_EXPECT_EQ(test, fake.calls, 2);
	KUNIT_EXPECT_EQ(test, scull_write(scull, &from, &pos, false, false), -EFAULT);
	KUNIT_EXPECT_EQ(test, pos, scull_at(1, 0));
	scull_expect(test, scull_at(1, 0), 1);
	KUNIT_EXPECT_EQ(test, fake.calls, 3);

	/* Half a hole's bytes, and into a cluster that is there. */
	pos = scull_at(1, 20);
	for (int i = 0; i < 2; i++, pos -= 40) {
		KUNIT_ASSERT_EQ(test, import_ubuf(ITER_SOURCE, buf, 100, &from), 0);
		KUNIT_EXPECT_EQ(test, scull_write(scull, &from, &pos, false, false), 40);
		scull_expect(test, scull_at(1, 60), 2);
	}
	KUNIT_EXPECT_EQ(test, scull_get(100, scull_at(1, 0), false), 60);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes_out, 0, 20));
	scull_expect_bytes(test, bytes_out + 20, bytes_in, 40);
}

static void scull_test_read_faults(struct kunit *test)
{
	/* Out of data; into a hole; out of a hole. */
	static const loff_t starts[] = { 10, PAGE_SIZE - 20, 2 * PAGE_SIZE - 20 };
	char __user *buf = test_half_mapped(test) + PAGE_SIZE - 40;
	struct iov_iter to;

	scull_put(PAGE_SIZE, 0, false);
	scull_put(100, 2 * PAGE_SIZE, false);

	for (int i = 0; i < ARRAY_SIZE(starts); i++) {
		loff_t start = starts[i], pos = start;

		KUNIT_ASSERT_EQ(test, import_ubuf(ITER_DEST, buf, 100, &to), 0);
		KUNIT_EXPECT_EQ(test, scull_read(scull, &to, &pos, false), 40);
		KUNIT_EXPECT_EQ(test, pos, start + 40);
		KUNIT_EXPECT_EQ(test, scull_read(scull, &to, &pos, false), -EFAULT);
		KUNIT_EXPECT_EQ(test, pos, start + 40);
		KUNIT_EXPECT_EQ(test, copy_from_user(flat, buf, 40), 0);
		KUNIT_EXPECT_EQ(test, scull_get(40, start, false), 40);
		scull_expect_bytes(test, bytes_out, flat, 40);
	}
	KUNIT_EXPECT_EQ(test, fake.calls, 2);
}

static void scull_test_append(struct kunit *test)
{
	struct kvec vec = { .iov_base = bytes_in + 10, .iov_len = 50 };
	struct iov_iter from;
	loff_t pos = 3;

	scull_put(10, 0, false);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, 40), 0);
	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, 50);
	KUNIT_EXPECT_EQ(test, scull_write(scull, &from, &pos, false, true), 30);
	KUNIT_EXPECT_EQ(test, pos, 40);
	pos = 0;
	KUNIT_EXPECT_EQ(test, scull_write(scull, &from, &pos, false, true), -ENOSPC);
	KUNIT_EXPECT_EQ(test, scull_get(50, 0, false), 40);
	scull_expect_bytes(test, bytes_out, bytes_in, 40);
}

/* Neither behind another one's transfer, nor for memory. */
static void scull_test_nowait(struct kunit *test)
{
	scull_put(scull_at(1, 0), 0, false);
	scull_put(scull_at(1, 0), scull_at(2, 0), false);

	down_write(&scull->lock);
	KUNIT_EXPECT_EQ(test, scull_get(1, 0, true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, scull_put(1, 0, true), -EAGAIN);
	up_write(&scull->lock);
	down_read(&scull->lock);
	KUNIT_EXPECT_EQ(test, scull_put(1, 0, true), -EAGAIN);
	up_read(&scull->lock);

	KUNIT_EXPECT_EQ(test, scull_put(1, scull_at(1, 0), true), -EAGAIN);
	KUNIT_EXPECT_EQ(test, scull_put(9, scull_at(1, -4), true), 4);
	KUNIT_EXPECT_EQ(test, scull_put(9, scull_at(3, -4), true), 4);
	KUNIT_EXPECT_EQ(test, scull_get(scull_at(3, 0), 0, true), scull_at(3, 0));
	scull_expect(test, scull_at(3, 0), 2);
	KUNIT_EXPECT_EQ(test, fake.calls, 2);
}

/* Zero bytes wait for nobody (bug 7), and empty neither. */
static void scull_test_zero_length(struct kunit *test)
{
	down_write(&scull->lock);
	KUNIT_EXPECT_EQ(test, scull_get(0, 0, true), 0);
	KUNIT_EXPECT_EQ(test, scull_put(0, 0, true), 0);
	up_write(&scull->lock);
	KUNIT_EXPECT_EQ(test, scull_get(0, 0, false), 0);
	KUNIT_EXPECT_EQ(test, scull_put(0, FLAT, false), 0);
	scull_expect(test, 0, 0);
}

/* While a mapping exists its clusters stay, and so does their order. */
static void scull_test_mapped(struct kunit *test)
{
	atomic_set(&scull->mappings.count, 1);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, 1), -EBUSY);
	scull_put(PAGE_SIZE + 1, 0, false);
	KUNIT_EXPECT_EQ(test, scull_empty(scull), -EBUSY);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, PAGE_SIZE + 1), 0);
	scull_expect(test, PAGE_SIZE + 1, 2);
	KUNIT_EXPECT_EQ(test, scull_get(FLAT, 0, false), PAGE_SIZE + 1);
	scull_expect_bytes(test, bytes_out, bytes_in, PAGE_SIZE + 1);
	atomic_set(&scull->mappings.count, 0);
	KUNIT_EXPECT_EQ(test, scull_empty(scull), 0);
	scull_expect(test, 0, 0);
	KUNIT_EXPECT_EQ(test, scull_get(1, 0, false), 0);
}

static void scull_test_set_order(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, SCULL_ORDER_MAX), 0);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, SCULL_ORDER_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, UINT_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, scull->store.order, SCULL_ORDER_MAX);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, 2), 0);
	scull_put(1, 0, false);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, 1), -EBUSY);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, 2), -EBUSY);
	scull_expect(test, 1, 1);
	KUNIT_EXPECT_EQ(test, scull_empty(scull), 0);
	KUNIT_EXPECT_EQ(test, scull_set_order(scull, 1), 0);
	scull_put(1, 0, false);
	scull_expect(test, 1, 1);
}

static void scull_test_set_limit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, LLONG_MIN), -EINVAL);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, 0), 0);
	KUNIT_EXPECT_EQ(test, scull_put(1, 0, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, MAX_LFS_FILESIZE), 0);
	scull_put(10, 0, false);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, 9), -EBUSY);
	KUNIT_EXPECT_EQ(test, scull->limit, MAX_LFS_FILESIZE);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, 10), 0);
	KUNIT_EXPECT_EQ(test, scull_put(1, 10, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, scull_set_limit(scull, 11), 0);
	KUNIT_EXPECT_EQ(test, scull_put(2, 10, false), 1);
}

/* The reference: a flat buffer, and which clusters hold a part of it. */
static struct {
	size_t size, limit;
	long clusters;
	bool there[FLAT / PAGE_SIZE];
} model;

static void model_empty(void)
{
	memset(flat, 0, sizeof(flat));
	memset(&model.there, 0, sizeof(model.there));
	model.size = 0;
	model.clusters = 0;
}

/* How many bytes fit in front of the limit, and into the memory that is left. */
static ssize_t model_write(size_t pos, size_t count)
{
	size_t bytes = scull_at(1, 0), end = min(model.limit, pos + count), at = pos;

	while (at < end) {
		bool *there = &model.there[at / bytes];

		if (!*there && (model.clusters + 1) << scull->store.order >
			       set->pages_max)
			break;
		model.clusters += !*there;
		*there = true;
		at = min(end, round_down(at, bytes) + bytes);
	}
	memcpy(flat + pos, bytes_in, at - pos);
	if (at > pos)
		model.size = max(model.size, at);
	return at > pos || !count ? at - pos : -ENOSPC;
}

static void scull_random_step(struct kunit *test, struct rnd_state *rnd)
{
	size_t pos = prandom_u32_state(rnd) % FLAT;
	size_t most = prandom_u32_state(rnd) % 4 ? 2 * PAGE_SIZE : FLAT;
	size_t count = min(prandom_u32_state(rnd) % most, FLAT - pos), want;
	u32 dice = prandom_u32_state(rnd) % 64;

	if (!dice) {
		KUNIT_ASSERT_EQ(test, scull_empty(scull), 0);
		model_empty();
	} else if (dice < 24) {
		prandom_bytes_state(rnd, bytes_in, count);
		KUNIT_ASSERT_EQ(test, scull_put(count, pos, false),
				model_write(pos, count));
	} else {
		want = pos < model.size ? min(count, model.size - pos) : 0;
		KUNIT_ASSERT_EQ(test, scull_get(count, pos, false), want);
		KUNIT_ASSERT_EQ(test, memcmp(bytes_out, flat + pos, want), 0);
	}
	KUNIT_ASSERT_EQ(test, scull->size, model.size);
	KUNIT_ASSERT_EQ(test, scull->store.count, model.clusters);
	KUNIT_ASSERT_EQ(test, fake.live, model.clusters);
}

static void scull_test_random(struct kunit *test)
{
	u32 seed = scull_seed ?: get_random_u32();
	struct rnd_state rnd;

	kunit_info(test, "seed=%u", seed);
	prandom_seed_state(&rnd, seed);
	for (int i = 0; i < 20; i++) {
		model.limit = FLAT - prandom_u32_state(&rnd) % (FLAT / 2);
		scull_start(test, prandom_u32_state(&rnd) % ORDERS, model.limit);
		set->pages_max = 1 + prandom_u32_state(&rnd) % (FLAT / PAGE_SIZE);
		model_empty();
		for (int step = 0; step < 200; step++)
			scull_random_step(test, &rnd);
	}
}

static struct kunit_case scull_test_cases[] = {
	KUNIT_CASE_PARAM(scull_test_write_edge, scull_edge_gen_params),
	KUNIT_CASE_PARAM(scull_test_read_edge, scull_edge_gen_params),
	KUNIT_CASE(scull_test_read_far),
	KUNIT_CASE(scull_test_budget),
	KUNIT_CASE(scull_test_no_memory),
	KUNIT_CASE(scull_test_no_insertion),
	KUNIT_CASE(scull_test_write_faults),
	KUNIT_CASE(scull_test_read_faults),
	KUNIT_CASE(scull_test_append),
	KUNIT_CASE(scull_test_nowait),
	KUNIT_CASE(scull_test_zero_length),
	KUNIT_CASE(scull_test_mapped),
	KUNIT_CASE(scull_test_set_order),
	KUNIT_CASE(scull_test_set_limit),
	KUNIT_CASE(scull_test_random),
	{}
};

static struct kunit_suite scull_test_suite = {
	.name = "ldd_scull",
	.init = scull_test_init,
	.exit = scull_test_exit,
	.test_cases = scull_test_cases,
};

kunit_test_suite(scull_test_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of what scullp and scullv share");
MODULE_LICENSE("GPL");
