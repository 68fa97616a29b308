// SPDX-License-Identifier: GPL-2.0
/*
 * Devices whose mappings are filled when they are touched: with what, and what
 * happens where there is nothing.
 */
#include <set>
#include <string>
#include <sys/resource.h>

#include "memory_fixture.hpp"

using namespace ldd;

namespace
{
std::set<size_t> up_to(size_t count)
{
	std::set<size_t> pages;

	while (pages.size() < count)
		pages.insert(pages.size());
	return pages;
}

} /* namespace */

MEMORY_FIXTURE(faulting);
FAULTING_DEVICES(faulting);

TEST_F(faulting, the_end_is_where_it_is)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages + 2 }));

	EXPECT_EQ('x', Access::store(mapping.page(device.pages) - 1, 'x'));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(device.pages)));
	EXPECT_EQ(BUS_ADRERR, Access::info().si_code);
	EXPECT_EQ(mapping.page(device.pages), Access::info().si_addr);
	EXPECT_EQ(-SIGBUS, Access::store(mapping.page(device.pages), 'x'));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(device.pages + 2) - 1));
	EXPECT_EQ('x', mapping[device.bytes() - 1]);
}

TEST_F(faulting, a_private_mapping_ends_there_too)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages + 1, .flags = MAP_PRIVATE }));

	EXPECT_EQ('x', Access::store(mapping.page(device.pages) - 1, 'x'));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(device.pages)));
	EXPECT_EQ(-SIGBUS, Access::store(mapping.page(device.pages), 'x'));
}

/* Bug 9 */
TEST_F_TIMEOUT(faulting, behind_the_end_nobody_spins, 15)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages + 1 }));

	for (bool write : { false, true }) {
		Child child = ASSERT_OK(Child::fork_to([&] {
			const rlimit two_seconds = { 2, 3 };
			volatile unsigned char *behind = mapping.page(device.pages);

			setrlimit(RLIMIT_CPU, &two_seconds);
			if (write)
				*behind = 'x';
			return int(*behind);
		}));

		EXPECT_VALUE(128 + SIGBUS, child.wait());
	}
}

/* A system call that is given such memory says so. */
TEST_F(faulting, behind_the_end_a_buffer_is_bad)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages + 1 }));
	Pipe pipe = ASSERT_OK(Pipe::make());
	Fd zero = ASSERT_OK(open_file("/dev/zero", O_RDONLY));

	EXPECT_ERRNO(EFAULT, pipe.wr.write(mapping.page(device.pages), 1));
	EXPECT_ERRNO(EFAULT, zero.read(mapping.page(device.pages), 1));
	EXPECT_VALUE(4, pipe.wr.write(mapping.page(device.pages) - 4, 4));
}

TEST_F(faulting, locking_stops_at_the_end)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages + 1 }));

	EXPECT_ERRNO(ENOMEM, lock(mapping));
	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
}

MEMORY_FIXTURE(entering);
FAULTING_DEVICES(entering);

TEST_F(entering, nothing_is_there_before_it_is_touched)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages + 1 }));

	if (!exists("/proc/self/pagemap"))
		SKIP(return, "no /proc/self/pagemap");
	EXPECT_TRUE(present_pages(mapping).empty());
	EXPECT_EQ(0, Access::load(mapping.page(0)));
	EXPECT_EQ(1UL, present_pages(mapping).count(0));
	EXPECT_OK(advise(mapping, device.pages + 1, MADV_DONTNEED));
	EXPECT_TRUE(present_pages(mapping).empty());
	EXPECT_EQ(0, Access::load(mapping.page(0)));
}

TEST_F(entering, populating_enters_what_exists)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	if (!exists("/proc/self/pagemap"))
		SKIP(return, "no /proc/self/pagemap");
	Mapping mapping = ASSERT_OK(
		map(fd, { .pages = device.pages + 1, .flags = MAP_SHARED | MAP_POPULATE }));
	EXPECT_TRUE(present_pages(mapping) == up_to(device.pages));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(device.pages)));
}

/* One touch enters the neighbours that exist, and nothing behind the end; or itself. */
TEST_F(entering, neighbours_come_along)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	if (!exists("/proc/self/pagemap"))
		SKIP(return, "no /proc/self/pagemap");
	for (bool write : { false, true }) {
		Mapping room = ASSERT_OK(room_for(2 * around));
		Mapping mapping = ASSERT_OK(map(fd, { .pages = 2 * around,
						      .flags = MAP_SHARED | MAP_FIXED,
						      .at = room.page(0) }));

		room.release();
		if (write) {
			EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
		} else {
			EXPECT_EQ(0, Access::load(mapping.page(0)));
		}
		EXPECT_TRUE(present_pages(mapping) == up_to(device.sparse ? device.pages : 1));
	}
}

/* A private copy is made of the page that is written to alone. */
TEST_F(entering, a_private_write_enters_one_page)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 2 * around, .flags = MAP_PRIVATE }));

	if (!exists("/proc/self/pagemap"))
		SKIP(return, "no /proc/self/pagemap");
	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
	EXPECT_TRUE(present_pages(mapping) == up_to(1));
}

TEST_HARNESS_MAIN
