// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gfifo: its requests, from 64-bit and 32-bit callers.
 */
#include <sys/mman.h>

#include "compat.hpp"
#include "gfifo_fixture.hpp"

using namespace ldd;

namespace
{
Task<Result<ssize_t>> blocked_writer(const Fd &fd)
{
	Task writer([&fd] { return fd.write("late"); });

	gfifo::wait_for_writers(1);
	return writer;
}

} /* namespace */

FIXTURE(clear)
{
	long old_size;
};

FIXTURE_VARIANT(clear)
{
	unsigned long request;
};

FIXTURE_VARIANT_ADD(clear, encoded) {
	.request = GFIFO_IOC_CLEAR,
};

FIXTURE_VARIANT_ADD(clear, raw) {
	.request = 0x1,
};

FIXTURE_SETUP(clear)
{
	const char *why = why_not("gfifo", gfifo::path, gfifo::state);

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(gfifo::open());
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
}

FIXTURE_TEARDOWN(clear)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
}

TEST_F(clear, throws_all_bytes_away)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	char c;

	EXPECT_VALUE(0, fd.ioctl(variant->request));
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(0, fd.ioctl(variant->request));
	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_ERRNO(EAGAIN, nonblock.read(&c, 1));
	EXPECT_VALUE(5, fd.write("world"));
	EXPECT_TEXT("world", take(fd, 10));
}

/* Bug 4 */
TEST_F(clear, wakes_a_blocked_writer)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(gfifo::fill(fd));
	Task writer = blocked_writer(fd);
	EXPECT_VALUE(0, fd.ioctl(variant->request));
	EXPECT_VALUE(4, writer.join());
	EXPECT_TEXT("late", take(fd, 10));
}

/* Bug 4 */
TEST_F(clear, wakes_all_writers_for_whom_there_is_room)
{
	Fd fd = ASSERT_OK(gfifo::open());
	std::vector<Task<Result<ssize_t>>> writers;

	ASSERT_OK(gfifo::fill(fd));
	for (int i = 1; i <= 4; i++) {
		writers.emplace_back([&fd] { return fd.write("late"); });
		gfifo::wait_for_writers(i);
	}
	EXPECT_VALUE(0, fd.ioctl(variant->request));
	for (Task<Result<ssize_t>> &writer : writers)
		EXPECT_VALUE(4, writer.join());
	EXPECT_TEXT("latelatelatelate", take(fd, 100));
}

/* Bug 4 */
TEST_F(clear, wakes_who_polls_to_write)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(gfifo::fill(fd));
	Task poller([&] { return fd.poll(POLLOUT, -1); });
	gfifo::wait_for_write_poll();
	EXPECT_VALUE(0, fd.ioctl(variant->request));
	EXPECT_VALUE(POLLOUT, poller.join());
}

TEST_F(gfifo, fionread)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(5, gfifo::queued(fd));
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	ASSERT_VALUE(self->size, gfifo::fill(fd));
	EXPECT_VALUE(int(self->size), gfifo::queued(fd));
}

TEST_F(gfifo, sizes_are_rounded_up)
{
	const long page = self->size;
	const struct {
		long wanted, size;
	} sizes[] = {
		{ 1, page },
		{ page - 1, page },
		{ page, page },
		{ page + 1, 2 * page },
		{ 5 * page, 8 * page },
		{ GFIFO_SIZE_MAX - 1, GFIFO_SIZE_MAX },
		{ GFIFO_SIZE_MAX, GFIFO_SIZE_MAX },
	};
	Fd fd = ASSERT_OK(gfifo::open());

	for (auto [wanted, size] : sizes) {
		EXPECT_VALUE(0, gfifo::set_size(fd, wanted));
		EXPECT_VALUE(size, gfifo::size(fd));
		EXPECT_EQ(size, attribute(std::string(gfifo::sysfs) + "size"));
		EXPECT_VALUE(size, gfifo::fill(fd));
		EXPECT_VALUE(int(size), gfifo::queued(fd));
		EXPECT_VALUE(0, fd.ioctl(GFIFO_IOC_CLEAR));
	}
}

TEST_F(gfifo, sizes_out_of_range_are_refused)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(5, fd.write("hello"));
	for (long size : { 0L, GFIFO_SIZE_MAX + 1L, 1L << 31, (1L << 32) - 1 }) {
		EXPECT_ERRNO(EINVAL, gfifo::set_size(fd, size));
	}
	EXPECT_VALUE(self->size, gfifo::size(fd));
	EXPECT_TEXT("hello", take(fd, 10));
}

TEST_F(gfifo, a_shrink_loses_nothing)
{
	Fd fd = ASSERT_OK(gfifo::open());
	const long page = self->size;
	std::string bytes(page, 'a');

	ASSERT_VALUE(0, gfifo::set_size(fd, 2 * page));
	ASSERT_OK(gfifo::move_to(fd, 2 * page - 10));
	ASSERT_VALUE(page, fd.write(bytes));
	ASSERT_VALUE(1, fd.write("b"));
	EXPECT_ERRNO(EBUSY, gfifo::set_size(fd, page));
	EXPECT_VALUE(2 * page, gfifo::size(fd));
	EXPECT_VALUE(int(page + 1), gfifo::queued(fd));
	EXPECT_TEXT("a", take(fd, 1));
	EXPECT_VALUE(0, gfifo::set_size(fd, page));
	EXPECT_VALUE(page, gfifo::size(fd));
	EXPECT_TRUE(take(fd, 2 * page) == bytes.substr(1) + "b");
}

TEST_F(gfifo, a_growth_keeps_what_is_queued)
{
	Fd fd = ASSERT_OK(gfifo::open());
	const long page = self->size;
	std::string bytes(page, 'a');

	bytes.back() = 'z';
	ASSERT_OK(gfifo::move_to(fd, page - 10));
	ASSERT_VALUE(page, fd.write(bytes));
	EXPECT_VALUE(0, gfifo::set_size(fd, 4 * page));
	EXPECT_VALUE(int(page), gfifo::queued(fd));
	EXPECT_VALUE(3 * page, fd.write(std::string(4 * page, 'b')));
	EXPECT_TRUE(take(fd, page) == bytes);
	EXPECT_TRUE(take(fd, 4 * page) == std::string(3 * page, 'b'));
}

TEST_F(gfifo, a_growth_wakes_writers)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_VALUE(self->size, gfifo::fill(fd));
	Task writer = blocked_writer(fd);
	Task poller([&] { return fd.poll(POLLOUT, -1); });
	gfifo::wait_for_write_poll();
	EXPECT_VALUE(0, gfifo::set_size(fd, 2 * self->size));
	EXPECT_VALUE(4, writer.join());
	EXPECT_VALUE(POLLOUT, poller.join());
}

TEST_F(gfifo, bad_requests)
{
	Fd fd = ASSERT_OK(gfifo::open());
	void *bad = mmap(nullptr, self->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_ERRNO(EFAULT, fd.ioctl(GFIFO_IOC_GET_SIZE, bad));
	EXPECT_ERRNO(EFAULT, fd.ioctl(GFIFO_IOC_SET_SIZE, bad));
	EXPECT_ERRNO(EFAULT, fd.ioctl(FIONREAD, bad));
	EXPECT_ERRNO(ENOTTY, fd.ioctl(0UL));
	EXPECT_ERRNO(ENOTTY, fd.ioctl(3UL));
	EXPECT_ERRNO(ENOTTY, fd.ioctl(_IO(LDD_IOC_MAGIC, 0x7f)));
	EXPECT_ERRNO(ENOTTY, fd.ioctl(_IOR(LDD_IOC_MAGIC, 0x02, __u64), bad));
	EXPECT_VALUE(self->size, gfifo::size(fd));
}

TEST_F(gfifo, callers_of_32_bits)
{
	Fd fd = ASSERT_OK(gfifo::open());

	if (!have_call32())
		SKIP(return, "this kernel has no 32-bit system calls");
	__u32 *arg = reinterpret_cast<__u32 *>(memory32(self->size));

	ASSERT_TRUE(arg != nullptr);
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(0, ioctl32(fd, FIONREAD, arg));
	EXPECT_EQ(5U, *arg);
	EXPECT_VALUE(0, ioctl32(fd, GFIFO_IOC_GET_SIZE, arg));
	EXPECT_EQ(self->size, long(*arg));
	*arg = 2 * self->size;
	EXPECT_VALUE(0, ioctl32(fd, GFIFO_IOC_SET_SIZE, arg));
	EXPECT_VALUE(2 * self->size, gfifo::size(fd));
	EXPECT_VALUE(0, ioctl32(fd, GFIFO_IOC_CLEAR_LEGACY, nullptr));
	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_VALUE(5, fd.write("hello"));
	EXPECT_VALUE(0, ioctl32(fd, GFIFO_IOC_CLEAR, nullptr));
	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_ERRNO(ENOTTY, ioctl32(fd, 3, nullptr));
	EXPECT_ERRNO(EFAULT, ioctl32(fd, GFIFO_IOC_GET_SIZE, nullptr));
}

TEST_HARNESS_MAIN
