// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the buffers of fixed size: what a read and a write transfer at
 * each edge, and where a fault leaves them.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../membuf.h"
#include "util.h"

#define SIZE PAGE_SIZE
#define GUARD 0xa5

/* The second page is none of the buffer's. */
static u8 memory[2 * SIZE], bytes_in[SIZE], bytes_out[2 * SIZE];
static struct ldd_membuf membuf = { .mem = memory, .size = SIZE };

static ssize_t membuf_get(void *bytes, size_t count, loff_t *pos)
{
	struct kvec vec = { .iov_base = bytes, .iov_len = count };
	struct iov_iter to;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, count);
	return ldd_membuf_read(&membuf, &to, pos);
}

static ssize_t membuf_put(const void *bytes, size_t count, loff_t *pos)
{
	struct kvec vec = { .iov_base = (void *)bytes, .iov_len = count };
	struct iov_iter from;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, count);
	return ldd_membuf_write(&membuf, &from, pos);
}

static int membuf_test_init(struct kunit *test)
{
	get_random_bytes(bytes_in, sizeof(bytes_in));
	memset(memory, 0, SIZE);
	memset(memory + SIZE, GUARD, SIZE);
	memset(bytes_out, GUARD, sizeof(bytes_out));
	return 0;
}

static void membuf_test_exit(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(memory + SIZE, GUARD, SIZE));
}

struct membuf_edge_case {
	const char *desc;
	loff_t pos;
	size_t count;
	size_t done;	/* bytes; when none are, a write of some is -ENOSPC */
};

static const struct membuf_edge_case membuf_edge_cases[] = {
	{ "nothing", 0, 0, 0 },
	{ "first byte", 0, 1, 1 },
	{ "all but the last", 0, SIZE - 1, SIZE - 1 },
	{ "all", 0, SIZE, SIZE },
	{ "one too many", 0, SIZE + 1, SIZE },
	{ "as many as a call takes", 0, MAX_RW_COUNT, SIZE },
	{ "all but the first", 1, SIZE - 1, SIZE - 1 },
	{ "one too many from the second", 1, SIZE, SIZE - 1 },
	{ "in the middle", 1000, 100, 100 },
	{ "last byte", SIZE - 1, 1, 1 },
	{ "last byte and one more", SIZE - 1, 2, 1 },
	{ "at the end", SIZE, 1, 0 },
	{ "nothing at the end", SIZE, 0, 0 },
	{ "behind the end", SIZE + 1, 1, 0 },
	{ "nothing behind the end", SIZE + 1, 0, 0 },
	{ "4 GiB behind the first byte", 1LL << 32, 1, 0 },
	{ "greatest position", LLONG_MAX, 1, 0 },
	{ "greatest position, sum overflows", LLONG_MAX, MAX_RW_COUNT, 0 },
	{ "negative", -1, 2, 0 },
	{ "least position", LLONG_MIN, 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(membuf_edge, membuf_edge_cases, desc);

static void membuf_test_read_edge(struct kunit *test)
{
	const struct membuf_edge_case *p = test->param_value;
	loff_t pos = p->pos;

	memcpy(memory, bytes_in, SIZE);
	KUNIT_EXPECT_EQ(test, membuf_get(bytes_out, p->count, &pos), p->done);
	KUNIT_EXPECT_EQ(test, pos, p->pos + p->done);
	if (p->done)
		KUNIT_EXPECT_MEMEQ(test, bytes_out, bytes_in + p->pos, p->done);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes_out + p->done, GUARD,
					   sizeof(bytes_out) - p->done));
	KUNIT_EXPECT_MEMEQ(test, memory, bytes_in, SIZE);
}

static void membuf_test_write_edge(struct kunit *test)
{
	const struct membuf_edge_case *p = test->param_value;
	ssize_t want = p->done || !p->count ? p->done : -ENOSPC;
	size_t start = p->done ? p->pos : 0;
	loff_t pos = p->pos;

	KUNIT_EXPECT_EQ(test, membuf_put(bytes_in, p->count, &pos), want);
	KUNIT_EXPECT_EQ(test, pos, p->pos + p->done);
	KUNIT_EXPECT_MEMEQ(test, memory + start, bytes_in, p->done);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory, 0, start));
	KUNIT_EXPECT_NULL(test, memchr_inv(memory + start + p->done, 0,
					   SIZE - start - p->done));
}

/* A reader's buffer ends in the void: the position stops where the bytes do. */
static void membuf_test_read_faults_halfway(struct kunit *test)
{
	char __user *buf = test_half_mapped(test) + PAGE_SIZE - 40;
	struct iov_iter to;
	loff_t pos = 7;

	memcpy(memory, bytes_in, SIZE);
	KUNIT_ASSERT_EQ(test, import_ubuf(ITER_DEST, buf, 100, &to), 0);
	KUNIT_EXPECT_EQ(test, ldd_membuf_read(&membuf, &to, &pos), 40);
	KUNIT_EXPECT_EQ(test, pos, 47);
	KUNIT_EXPECT_EQ(test, ldd_membuf_read(&membuf, &to, &pos), -EFAULT);
	KUNIT_EXPECT_EQ(test, pos, 47);
	KUNIT_EXPECT_EQ(test, copy_from_user(bytes_out, buf, 40), 0);
	KUNIT_EXPECT_MEMEQ(test, bytes_out, bytes_in + 7, 40);
}

/* A writer's buffer does: what came before the void is there, and no more. */
static void membuf_test_write_faults_halfway(struct kunit *test)
{
	char __user *buf = test_half_mapped(test) + PAGE_SIZE - 40;
	struct iov_iter from;
	loff_t pos = 7;

	KUNIT_ASSERT_EQ(test, copy_to_user(buf, bytes_in, 40), 0);
	KUNIT_ASSERT_EQ(test, import_ubuf(ITER_SOURCE, buf, 100, &from), 0);
	KUNIT_EXPECT_EQ(test, ldd_membuf_write(&membuf, &from, &pos), 40);
	KUNIT_EXPECT_EQ(test, pos, 47);
	KUNIT_EXPECT_EQ(test, ldd_membuf_write(&membuf, &from, &pos), -EFAULT);
	KUNIT_EXPECT_EQ(test, pos, 47);
	KUNIT_EXPECT_MEMEQ(test, memory + 7, bytes_in, 40);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory + 47, 0, SIZE - 47));
}

static struct kunit_case membuf_test_cases[] = {
	KUNIT_CASE_PARAM(membuf_test_read_edge, membuf_edge_gen_params),
	KUNIT_CASE_PARAM(membuf_test_write_edge, membuf_edge_gen_params),
	KUNIT_CASE(membuf_test_read_faults_halfway),
	KUNIT_CASE(membuf_test_write_faults_halfway),
	{}
};

static struct kunit_suite membuf_test_suite = {
	.name = "ldd_membuf",
	.init = membuf_test_init,
	.exit = membuf_test_exit,
	.test_cases = membuf_test_cases,
};

kunit_test_suite(membuf_test_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of the memory buffers");
MODULE_LICENSE("GPL");
