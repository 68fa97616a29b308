// SPDX-License-Identifier: GPL-2.0
/*
 * Which part of a device can be mapped, and how a mapping changes its shape.
 */
#include <climits>
#include <string>

#include "memory_fixture.hpp"

using namespace ldd;

namespace
{
/* The greatest of all page offsets: the core refuses it. */
const unsigned long last_pgoff = ULONG_MAX / page_size;

Result<Mapping> map_length(const Fd &fd, size_t bytes, unsigned long pgoff = 0)
{
	return map_bytes(fd.get(), fd.path(), bytes, { .pgoff = pgoff });
}

} /* namespace */

MEMORY_FIXTURE(memory);
ALL_DEVICES(memory);

TEST_F(memory, lengths_and_offsets_that_nothing_has)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	void *odd = mmap(nullptr, page_size, PROT_READ, MAP_SHARED, fd.get(), 1);

	EXPECT_EQ(MAP_FAILED, odd);
	EXPECT_EQ(EINVAL, errno);
	EXPECT_ERRNO(EINVAL, map_length(fd, 0));
	EXPECT_ERRNO(ENOMEM, map_length(fd, SIZE_MAX));
	EXPECT_ERRNO(EOVERFLOW, map_length(fd, page_size, last_pgoff));
	EXPECT_ERRNO(EOVERFLOW, map_length(fd, 2 * page_size, last_pgoff - 1));
	EXPECT_VALUE(0, device.mappings());
}

TEST_F(memory, a_length_is_whole_pages)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map_length(fd, 1));

	EXPECT_EQ('x', Access::store(mapping.page(0) + page_size - 1, 'x'));
	mapping.reset();
	mapping = ASSERT_OK(map_length(fd, device.bytes() - page_size + 1));
	EXPECT_EQ('y', Access::store(mapping.page(device.pages) - 1, 'y'));
}

TEST_F(memory, every_part_of_the_device)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(device.fill(text));
	for (size_t first = 0; first < device.pages; first++) {
		for (size_t pages = 1; first + pages <= device.pages; pages += 3) {
			Mapping part = ASSERT_OK(map(fd, { .pages = pages, .pgoff = first }));

			ASSERT_TRUE(part.text() ==
				    text.substr(first * page_size, pages * page_size));
		}
	}
}

/* To a place of one's own choice: the count stays, so do the contents. */
TEST_F(memory, moving)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	Fd fd = ASSERT_OK(device.open());
	Mapping old = ASSERT_OK(map(fd, { .pages = device.pages }));
	Mapping room = ASSERT_OK(map_memory(device.pages));

	old.put(text);
	unsigned char *was = old.page(0);
	Mapping moved = ASSERT_OK(remap(old, device.pages, device.pages,
					MREMAP_MAYMOVE | MREMAP_FIXED, room.page(0)));
	room.release();
	EXPECT_TRUE(text == moved.text());
	EXPECT_EQ(-SIGSEGV, Access::load(was));
	EXPECT_VALUE(1, device.mappings());
	EXPECT_EQ(1, maps_of(device.path()));
}

/* What moves from the middle leaves two pieces behind. */
TEST_F(memory, moving_a_part)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));
	Mapping middle(mapping.page(1), page_size);
	Mapping room = ASSERT_OK(map_memory(1));

	ASSERT_OK(device.fill(pattern(device.bytes())));
	Mapping moved = ASSERT_OK(remap(middle, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room.page(0)));
	room.release();
	EXPECT_VALUE(3, device.mappings());
	if (device.pages > 1) {
		EXPECT_TRUE(moved.text() == pattern(page_size, page_size));
	} else {
		EXPECT_EQ(-SIGBUS, Access::load(moved.page(0)));
	}
}

TEST_F(memory, shrinking)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping old = ASSERT_OK(map(fd, { .pages = device.many() }));

	old.put("first");
	unsigned char *start = old.page(0);
	Mapping mapping = ASSERT_OK(remap(old, device.many(), 1, 0));
	EXPECT_EQ(start, mapping.page(0));
	EXPECT_TEXT("first", mapping.text(5));
	EXPECT_EQ(-SIGSEGV, Access::load(mapping.page(1)));
	EXPECT_VALUE(1, device.mappings());
}

MEMORY_FIXTURE(at_once);
AT_ONCE_DEVICES(at_once);

/* Bug 17 */
TEST_F(at_once, nothing_outside_is_mapped)
{
	const MemoryDevice &device = *variant->device;
	const size_t pages = device.pages;
	Fd fd = ASSERT_OK(device.open());
	const struct {
		size_t bytes;
		unsigned long pgoff;
	} outside[] = {
		{ device.bytes() + 1, 0 },
		{ (pages + 1) * page_size, 0 },
		{ page_size, pages },
		{ page_size, pages + 1 },
		{ 2 * page_size, pages - 1 },
		{ device.bytes(), 1 },
		{ 1UL << 30, 0 },
		{ page_size, 1UL << 20 },
		{ page_size, last_pgoff / 2 },
		{ page_size, last_pgoff / 2 + 1 },
		{ page_size, last_pgoff - 1 },
		{ device.bytes(), last_pgoff - pages },
	};

	for (auto [bytes, pgoff] : outside)
		EXPECT_ERRNO(EINVAL, map_length(fd, bytes, pgoff));
	EXPECT_VALUE(0, device.mappings());
}

TEST_F(at_once, growing_is_refused)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 1 }));

	mapping.put("still here");
	EXPECT_ERRNO(EFAULT, remap(mapping, 1, 2, MREMAP_MAYMOVE));
	/* Nothing of it becomes one more mapping, which is growth as well. */
	EXPECT_ERRNO(EFAULT, remap(mapping, 0, 1, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EINVAL, remap(mapping, 1, 1, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	EXPECT_TEXT("still here", mapping.text(10));
	EXPECT_VALUE(1, device.mappings());
}

MEMORY_FIXTURE(faulting);
FAULTING_DEVICES(faulting);

/* With something in the way, a mapping moves to grow. */
TEST_F(faulting, growing)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	Fd fd = ASSERT_OK(device.open());
	Mapping room = ASSERT_OK(map_memory(2));
	Mapping old = ASSERT_OK(map(fd, { .flags = MAP_SHARED | MAP_FIXED, .at = room.page(0) }));

	ASSERT_OK(device.fill(text));
	EXPECT_TRUE(text.substr(0, page_size) == old.text());
	EXPECT_ERRNO(ENOMEM, remap(old, 1, device.pages + 1, 0));
	Mapping mapping = ASSERT_OK(remap(old, 1, device.pages + 1, MREMAP_MAYMOVE));
	EXPECT_TRUE(text == mapping.text(device.bytes()));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(device.pages)));
	EXPECT_VALUE(1, device.mappings());
}

TEST_F(faulting, growing_to_a_place_of_choice)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	Fd fd = ASSERT_OK(device.open());
	Mapping room = ASSERT_OK(map_memory(device.pages + 1));
	Mapping old = ASSERT_OK(map(fd, {}));

	old.put(text.substr(0, page_size));
	Mapping mapping = ASSERT_OK(
		remap(old, 1, device.pages + 1, MREMAP_MAYMOVE | MREMAP_FIXED, room.page(0)));
	room.release();
	EXPECT_TRUE(text.substr(0, page_size) == mapping.text(page_size));
	EXPECT_EQ('x', Access::store(mapping.page(device.pages) - 1, 'x'));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(device.pages)));
	EXPECT_VALUE(1, device.mappings());
}

/*
 * The core extends no mapping with pages that the driver entered (VM_MIXEDMAP),
 * and does not move it either when there is room behind it.
 */
TEST_F(faulting, growing_in_place)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping room = ASSERT_OK(map_memory(device.pages + 1));
	Mapping old = ASSERT_OK(map(fd, { .flags = MAP_SHARED | MAP_FIXED, .at = room.page(0) }));
	const unsigned char *start = old.page(0);

	EXPECT_OK(unmap(room, 1, device.pages));
	room.release();
	if (vm_flags_of(start).find("mm") != std::string::npos) {
		EXPECT_ERRNO(ENOMEM, remap(old, 1, device.pages + 1, MREMAP_MAYMOVE));
		EXPECT_EQ('x', Access::store(old.page(0), 'x'));
		EXPECT_VALUE(1, device.mappings());
	} else {
		Mapping mapping = ASSERT_OK(remap(old, 1, device.pages + 1, 0));

		EXPECT_EQ(start, mapping.page(0));
		EXPECT_EQ('x', Access::store(mapping.page(device.pages) - 1, 'x'));
		EXPECT_VALUE(1, device.mappings());
	}
}

TEST_F(faulting, one_more_of_the_same)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	Mapping twin = ASSERT_OK(remap(mapping, 0, device.pages, MREMAP_MAYMOVE));

	mapping.put("twins");
	EXPECT_TEXT("twins", twin.text(5));
	EXPECT_VALUE(2, device.mappings());
	EXPECT_EQ(2, maps_of(device.path()));
}

/* The old place stays mapped, and is filled again. */
TEST_F(faulting, moving_the_pages_but_not_the_place)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping old = ASSERT_OK(map(fd, { .pages = device.pages }));

	old.put("moved");
	Mapping moved = ASSERT_OK(
		remap(old, device.pages, device.pages, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	EXPECT_TEXT("moved", moved.text(5));
	EXPECT_TEXT("moved", old.text(5));
	EXPECT_VALUE(2, device.mappings());
}

/* Bug 17: where there is nothing, a mapping can be made, but not used. */
TEST_F(faulting, nothing_outside_can_be_touched)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	const unsigned long outside[] = {
		device.pages,	device.pages + 1,   1UL << 20,	    last_pgoff / 16,
		last_pgoff / 2, last_pgoff / 2 + 1, last_pgoff - 2,
	};

	for (unsigned long pgoff : outside) {
		Mapping mapping = ASSERT_OK(map(fd, { .pages = 2, .pgoff = pgoff }));

		EXPECT_EQ(-SIGBUS, Access::load(mapping.page(0)));
		EXPECT_EQ(-SIGBUS, Access::store(mapping.page(1), 'x'));
	}
}

TEST_HARNESS_MAIN
