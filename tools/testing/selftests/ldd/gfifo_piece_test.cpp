// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers that gfifo makes in several steps: from and to every part of the ring, and
 * into memory that ends in one of the steps.
 */
#include <string>

#include "bytes.hpp"
#include "gfifo_fixture.hpp"
#include "mapping.hpp"

using namespace ldd;

namespace
{
/* Several of the driver's steps, and as much as the ring holds. */
constexpr size_t many = GFIFO_SIZE_MAX;

} /* namespace */

TEST_F(gfifo, more_than_a_step_at_each_place)
{
	Fd fd = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	const std::string bytes = pattern(many);

	ASSERT_VALUE(0, gfifo::set_size(fd, many));
	/* So that the ring wraps around in the first step, in a later one, and between. */
	for (size_t at : { size_t(0), size_t(1), many / 2, many - 4096, many - 100, many - 1 }) {
		ASSERT_OK(gfifo::move_to(fd, long(at)));
		EXPECT_VALUE(ssize_t(many), fd.write(bytes));
		EXPECT_ERRNO(EAGAIN, fd.write("x"));
		EXPECT_TRUE(take(fd, many) == bytes);
		ASSERT_OK(gfifo::move_to(fd, long(at)));
		iovec halves[] = { { const_cast<char *>(bytes.data()), 70001 },
				   { const_cast<char *>(bytes.data()) + 70001, many - 70001 } };
		EXPECT_VALUE(ssize_t(many), fd.writev(halves, 2));
		std::string out(many, '\0');
		iovec into[] = { { out.data(), 90001 }, { out.data() + 90001, many - 90001 } };
		EXPECT_VALUE(ssize_t(many), fd.readv(into, 2));
		EXPECT_TRUE(out == bytes);
	}
}

/* What was copied counts, in whichever step the buffer ended; the rest stays. */
TEST_F(gfifo, a_buffer_that_ends_in_a_later_step)
{
	Fd fd = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	const std::string bytes = pattern(many);
	Mapping memory = ASSERT_OK(map_memory(17));
	char *end = reinterpret_cast<char *>(memory.page(16));

	ASSERT_OK(protect(memory, 16, 1, PROT_NONE));
	ASSERT_VALUE(0, gfifo::set_size(fd, many));
	for (size_t at : { size_t(0), many - 3000, many - 20000 }) {
		for (size_t before : { 1, 5000, 16384, 16385, 40000 }) {
			ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
			ASSERT_OK(gfifo::move_to(fd, long(at)));
			bytes.copy(end - before, before);
			EXPECT_VALUE(ssize_t(before), fd.write(end - before, many));
			EXPECT_TRUE(take(fd, many) == bytes.substr(0, before));
			ASSERT_OK(gfifo::move_to(fd, long(at)));
			EXPECT_VALUE(ssize_t(many), fd.write(bytes));
			EXPECT_VALUE(ssize_t(before), fd.read(end - before, many));
			EXPECT_TRUE(std::string(end - before, before) == bytes.substr(0, before));
			EXPECT_TRUE(take(fd, many) == bytes.substr(before));
		}
	}
}

TEST_HARNESS_MAIN
