// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of scullp and scullv, which have pages only where something was
 * written, and cannot lose them while anybody looks.
 */
#include <set>
#include <string>

#include "memory_fixture.hpp"

using namespace ldd;

MEMORY_FIXTURE(sparse);
SPARSE_DEVICES(sparse);

namespace
{
/* The pages that are there once these have been written to. */
std::set<size_t> clusters_of(const MemoryDevice &device, const std::set<size_t> &written)
{
	const size_t size = 1UL << device.order;
	std::set<size_t> pages;

	for (size_t page : written)
		for (size_t i = 0; i < size; i++)
			if (page / size * size + i <= *written.rbegin())
				pages.insert(page / size * size + i);
	return pages;
}

/* Nothing but a byte in each of these pages. */
Result<ssize_t> write_pages(const MemoryDevice &device, const std::set<size_t> &pages)
{
	Result<ssize_t> ret = device.empty(device.order);
	Result<Fd> fd = device.open();

	if (!fd.ok())
		return Result<ssize_t>::failure(fd.error(), { "open", device.path() });
	for (size_t page : pages)
		if (ret.ok())
			ret = fd.value().pwrite("x", page * page_size + page_size / 2);
	return ret;
}

} /* namespace */

TEST_F(sparse, a_hole_is_not_there)
{
	const MemoryDevice &device = *variant->device;
	const std::set<size_t> written = { 0, 5, 18 };
	const std::set<size_t> there = clusters_of(device, written);
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(write_pages(device, written));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 24 }));
	for (size_t i = 0; i < 24; i++) {
		EXPECT_EQ(there.count(i) ? 0 : -SIGBUS, Access::load(mapping.page(i)));
		EXPECT_EQ(there.count(i) ? 'y' : -SIGBUS, Access::store(mapping.page(i), 'y'));
	}
}

TEST_F(sparse, an_empty_device_is_one_hole)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(device.empty(device.order));
	Mapping mapping = ASSERT_OK(map(fd, {}));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(0)));
	EXPECT_EQ(-SIGBUS, Access::store(mapping.page(0), 'x'));
}

TEST_F(sparse, a_hole_that_is_filled_is_there)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(write_pages(device, { 20 }));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 24 }));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(4)));
	EXPECT_VALUE(1, fd.pwrite("f", 4 * page_size));
	EXPECT_EQ('f', Access::load(mapping.page(4)));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(23)));
	EXPECT_VALUE(1, fd.pwrite("g", 24 * page_size - 1));
	EXPECT_EQ('g', Access::load(mapping.page(24) - 1));
}

/* One byte was written; the rest of its page is nobody's old data, nor our own. */
TEST_F(sparse, bytes_that_were_not_written_are_zero)
{
	const MemoryDevice &device = *variant->device;
	const size_t pages = 1UL << device.order;
	std::string wanted(pages * page_size, '\0');
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(dirty_memory());
	ASSERT_OK(device.fill(std::string(device.bytes(), 'o')));
	ASSERT_OK(write_pages(device, { 0, pages - 1 }));
	wanted[page_size / 2] = 'x';
	wanted[(pages - 1) * page_size + page_size / 2] = 'x';
	Mapping mapping = ASSERT_OK(map(fd, { .pages = pages }));
	EXPECT_TRUE(wanted == mapping.text());
}

/* One touch enters the neighbours that exist, not the holes among them. */
TEST_F(sparse, neighbours_come_along_but_no_holes)
{
	const MemoryDevice &device = *variant->device;
	const std::set<size_t> written = { 0, 1, 5, 6, 13, 20, 31 };
	std::set<size_t> window = clusters_of(device, written);
	Fd fd = ASSERT_OK(device.open());

	if (!exists("/proc/self/pagemap"))
		SKIP(return, "no /proc/self/pagemap");
	ASSERT_OK(write_pages(device, written));
	window.erase(window.lower_bound(around), window.end());
	for (bool write : { false, true }) {
		Mapping room = ASSERT_OK(room_for(2 * around));
		Mapping mapping = ASSERT_OK(map(fd, { .pages = 2 * around,
						      .flags = MAP_SHARED | MAP_FIXED,
						      .at = room.page(0) }));

		room.release();
		if (write) {
			EXPECT_EQ('x', Access::store(mapping.page(5), 'x'));
		} else {
			EXPECT_EQ(0, Access::load(mapping.page(5)));
		}
		EXPECT_TRUE(present_pages(mapping) == window);
		EXPECT_EQ(-SIGBUS, Access::load(mapping.page(9)));
	}
}

TEST_F(sparse, a_mapped_device_is_not_emptied)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	const long memory = attribute(device.sysfs("memory"));
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(device.fill(text));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	fd.reset();
	for (int flags : { O_WRONLY, O_RDWR | O_TRUNC, O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND })
		EXPECT_ERRNO(EBUSY, device.open(flags));
	EXPECT_TRUE(text == mapping.text());
	EXPECT_EQ(long(device.bytes()), attribute(device.sysfs("size")));
	EXPECT_EQ(memory, attribute(device.sysfs("memory")));
	mapping.reset();
	EXPECT_OK(device.open(O_WRONLY));
	EXPECT_EQ(0, attribute(device.sysfs("size")));
	EXPECT_EQ(0, attribute(device.sysfs("memory")));
}

/* Whoever has it mapped: a child, a part, or one that has not touched it. */
TEST_F(sparse, the_last_mapping_keeps_it)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 3 }));
	Pipe done = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		done.wr.reset();
		take(done.rd, 1);
		return 0;
	}));

	EXPECT_OK(unmap(mapping, 1, 1));
	EXPECT_ERRNO(EBUSY, device.open(O_WRONLY));
	mapping.reset();
	EXPECT_ERRNO(EBUSY, device.open(O_WRONLY));
	done.wr.reset();
	EXPECT_VALUE(0, child.wait());
	EXPECT_OK(device.open(O_WRONLY));
}

TEST_F(sparse, the_order_of_a_mapped_device_stays)
{
	const MemoryDevice &device = *variant->device;
	const std::string order = device.sysfs("order");
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(device.empty(device.order));
	Mapping mapping = ASSERT_OK(map(fd, {}));
	for (const char *text : { "0", "1", "3" })
		EXPECT_ERRNO(EBUSY, write_text(order, text));
	EXPECT_EQ(device.order, attribute(order));
	mapping.reset();
	EXPECT_VALUE(1, write_text(order, "1"));
}

/* Not even a read of the same device into it puts anything there. */
TEST_F(sparse, a_hole_is_no_buffer)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(write_pages(device, { 0, 20 }));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 21 }));
	const long memory = attribute(device.sysfs("memory"));
	EXPECT_ERRNO(EFAULT, fd.pread(mapping.page(8), page_size, 0));
	EXPECT_ERRNO(EFAULT, fd.pwrite(mapping.page(8), page_size, 12 * page_size));
	EXPECT_ERRNO(EFAULT, fd.pwrite(mapping.page(8), page_size, 8 * page_size));
	EXPECT_EQ(memory, attribute(device.sysfs("memory")));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(8)));
}

MEMORY_FIXTURE(contiguous);
MEMORY_VARIANT(contiguous, scullp);

TEST_F(contiguous, greater_clusters_cannot_be_mapped)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	for (unsigned int order : { 1, 4 }) {
		ASSERT_OK(device.empty(order));
		EXPECT_ERRNO(ENODEV, map(fd, {}));
		EXPECT_VALUE(1, fd.pwrite("x", 0));
		EXPECT_ERRNO(ENODEV, map(fd, {}));
		EXPECT_VALUE(0, device.mappings());
	}
	ASSERT_OK(device.empty(0));
	EXPECT_OK(map(fd, {}));
}

TEST_HARNESS_MAIN
