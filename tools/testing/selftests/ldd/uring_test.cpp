// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo and /dev/sleepy through io_uring.
 */
#include "gfifo_fixture.hpp"
#include "ring.hpp"

using namespace ldd;

TEST_F(gfifo, write_and_read)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	char buf[10] = {};

	ASSERT_OK(ring.start_write(fd, "hello", 5));
	EXPECT_VALUE(5, ring.wait());
	ASSERT_OK(ring.start_read(fd, buf, sizeof(buf)));
	EXPECT_VALUE(5, ring.wait());
	EXPECT_STREQ("hello", buf);
}

TEST_F(gfifo, a_read_completes_when_bytes_arrive)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	char buf[10] = {};

	ASSERT_OK(ring.start_read(fd, buf, sizeof(buf)));
	gfifo::wait_for_read_poll();
	EXPECT_TRUE(ring.idle());
	/* It holds a poll, no thread that sleeps in the driver. */
	EXPECT_EQ(0, gfifo::sleeping_readers());
	EXPECT_VALUE(5, fd.write("12345"));
	EXPECT_VALUE(5, ring.wait());
	EXPECT_STREQ("12345", buf);
}

TEST_F(gfifo, a_write_completes_when_room_appears)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	ASSERT_OK(ring.start_write(fd, "12345", 5));
	gfifo::wait_for_write_poll();
	EXPECT_TRUE(ring.idle());
	EXPECT_EQ(3UL, take(fd, 3).size());
	EXPECT_VALUE(3, ring.wait());
	EXPECT_EQ(size_t(self->size - 3), take(fd, self->size - 3).size());
	EXPECT_TEXT("123", take(fd, 10));
}

TEST_F(gfifo, reads_that_wait_for_each_other)
{
	const int count = 4;
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	char bytes[count] = {};
	int sum = 0;

	for (char &byte : bytes)
		ASSERT_OK(ring.start_read(fd, &byte, 1));
	EXPECT_TRUE(ring.idle());
	for (int i = 0; i < count; i++) {
		EXPECT_VALUE(1, fd.write("\001"));
		EXPECT_VALUE(1, ring.wait());
	}
	for (char byte : bytes)
		sum += byte;
	EXPECT_EQ(count, sum);
	EXPECT_TRUE(ring.idle());
}

TEST_F(gfifo, poll_once)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(ring.start_poll(fd, POLLIN));
	gfifo::wait_for_read_poll();
	EXPECT_TRUE(ring.idle());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(POLLIN, ring.wait());
	ASSERT_OK(ring.start_poll(fd, POLLIN | POLLOUT));
	EXPECT_VALUE(POLLIN | POLLOUT, ring.wait());
	ASSERT_VALUE(self->size - 1, gfifo::fill(fd));
	ASSERT_OK(ring.start_poll(fd, POLLOUT));
	EXPECT_TRUE(ring.idle());
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	EXPECT_VALUE(POLLOUT, ring.wait());
}

TEST_F(gfifo, a_cancelled_read_takes_nothing)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	unsigned long tag;
	char c = 0;

	ASSERT_OK(ring.start_read(fd, &c, 1));
	gfifo::wait_for_read_poll();
	ASSERT_OK(ring.start(2, [](io_uring_sqe *sqe) { io_uring_prep_cancel64(sqe, 1, 0); }));
	for (int i = 0; i < 2; i++) {
		Result<int> result = ring.wait(&tag);

		if (tag == 1) {
			EXPECT_ERRNO(ECANCELED, result);
		} else {
			EXPECT_VALUE(0, result);
		}
	}
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_EQ(0, c);
	EXPECT_TEXT("x", take(fd, 10));
}

/* O_NONBLOCK would not do: the ring waits for such a file instead of its caller. */
TEST_F(gfifo, nothing_waits_that_must_not)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	char c = 'x';

	ASSERT_OK(ring.start_read(fd, &c, 1, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, ring.wait());
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	ASSERT_OK(ring.start_write(fd, &c, 1, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, ring.wait());
	EXPECT_VALUE(int(self->size), gfifo::queued(fd));
}

/* Bug 7 */
TEST_F(gfifo, empty_operations_complete_at_once)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	char c;

	ASSERT_OK(ring.start_read(fd, &c, 0));
	EXPECT_VALUE(0, ring.wait());
	ASSERT_OK(ring.start_write(fd, &c, 0));
	EXPECT_VALUE(0, ring.wait());
}

TEST_F(gfifo, registered_buffers)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(gfifo::open());
	alignas(4096) static char buf[4096] = "hello";
	iovec iov = { buf, sizeof(buf) };
	int ret = io_uring_register_buffers(ring.get(), &iov, 1);

	if (ret)
		SKIP(return, "io_uring_register_buffers: %s", strerror(-ret));
	ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
		io_uring_prep_write_fixed(sqe, fd.get(), buf, 5, 0, 0);
	}));
	EXPECT_VALUE(5, ring.wait());
	ASSERT_OK(ring.start(1, [&](io_uring_sqe *sqe) {
		io_uring_prep_read_fixed(sqe, fd.get(), buf + 100, 10, 0, 0);
	}));
	EXPECT_VALUE(5, ring.wait());
	EXPECT_STREQ("hello", buf + 100);
}

/* A ring that goes away with reads in it leaves nothing behind in the driver. */
TEST_F(gfifo, a_ring_is_closed_with_a_read_in_it)
{
	Fd fd = ASSERT_OK(gfifo::open());
	static char c;
	{
		RING_OR_SKIP(ring);
		ASSERT_OK(ring.start_read(fd, &c, 1));
		gfifo::wait_for_read_poll();
	}
	wait_until([] { return field_of(gfifo::state, "polled to read") == 0; });
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_TEXT("x", take(fd, 10));
}

FIXTURE(sleepy)
{
	int unused;
};

FIXTURE_SETUP(sleepy)
{
	const char *why = why_not("sleepy", sleepy::path, sleepy::state);
	char c;

	if (why)
		SKIP(return, "%s", why);
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	static_cast<void>(nonblock.read(&c, 1));
}

FIXTURE_TEARDOWN(sleepy) {}

TEST_F(sleepy, a_read_completes_when_woken)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(sleepy::open());
	Fd nonblock = ASSERT_OK(sleepy::open(O_RDWR | O_NONBLOCK));
	char c;

	ASSERT_OK(ring.start_read(fd, &c, 1));
	sleepy::wait_for_poll();
	EXPECT_TRUE(ring.idle());
	ASSERT_OK(ring.start_write(nonblock, "x", 1));
	EXPECT_VALUE(1, ring.wait());
	EXPECT_VALUE(0, ring.wait());
	EXPECT_ERRNO(EAGAIN, nonblock.read(&c, 1));
}

TEST_F(sleepy, poll_and_nowait)
{
	RING_OR_SKIP(ring);
	Fd fd = ASSERT_OK(sleepy::open());
	char c;

	ASSERT_OK(ring.start_read(fd, &c, 1, RWF_NOWAIT));
	EXPECT_ERRNO(EAGAIN, ring.wait());
	ASSERT_OK(ring.start_poll(fd, POLLIN));
	EXPECT_TRUE(ring.idle());
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(POLLIN, ring.wait());
	ASSERT_OK(ring.start_read(fd, &c, 1, RWF_NOWAIT));
	EXPECT_VALUE(0, ring.wait());
}

TEST_HARNESS_MAIN
