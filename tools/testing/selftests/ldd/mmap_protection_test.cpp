// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping allows what the file was opened for, and no more.
 */
#include "memory_fixture.hpp"

using namespace ldd;

MEMORY_FIXTURE(memory);
ALL_DEVICES(memory);

TEST_F(memory, a_file_for_reading_cannot_be_mapped_for_writing)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open(O_RDONLY));

	EXPECT_ERRNO(EACCES, map(fd, { .pages = device.pages }));
	EXPECT_VALUE(0, device.mappings());
}

TEST_F(memory, a_file_for_writing_cannot_be_mapped)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open(O_WRONLY));

	EXPECT_ERRNO(EACCES, map(fd, { .prot = PROT_WRITE }));
	EXPECT_ERRNO(EACCES, map(fd, { .prot = PROT_WRITE, .flags = MAP_PRIVATE }));
	EXPECT_VALUE(0, device.mappings());
}

TEST_F(memory, a_mapping_for_reading_stays_one)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open(O_RDONLY));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .prot = PROT_READ }));

	EXPECT_EQ(0, Access::load(mapping.page(0)));
	EXPECT_EQ(-SIGSEGV, Access::store(mapping.page(0), 'x'));
	EXPECT_ERRNO(EACCES, protect(mapping, 0, device.pages, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-SIGSEGV, Access::store(mapping.page(0), 'x'));
	EXPECT_EQ(0, mapping[0]);
}

TEST_F(memory, protection_can_be_taken_and_given_back)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	mapping.put("x");
	EXPECT_OK(protect(mapping, 0, device.pages, PROT_NONE));
	EXPECT_EQ(-SIGSEGV, Access::load(mapping.page(0)));
	EXPECT_OK(protect(mapping, 0, device.pages, PROT_READ));
	EXPECT_EQ('x', Access::load(mapping.page(0)));
	EXPECT_EQ(-SIGSEGV, Access::store(mapping.page(0), 'y'));
	EXPECT_OK(protect(mapping, 0, device.pages, PROT_READ | PROT_WRITE));
	EXPECT_EQ('y', Access::store(mapping.page(0), 'y'));
	EXPECT_EQ('y', mapping[0]);
}

TEST_F(memory, a_mapping_of_nothing_is_for_later)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .prot = PROT_NONE }));

	EXPECT_EQ(-SIGSEGV, Access::load(mapping.page(0)));
	EXPECT_OK(protect(mapping, 0, 1, PROT_READ | PROT_WRITE));
	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
}

TEST_F(memory, nothing_is_executable_by_chance)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	EXPECT_EQ(std::string::npos, vm_flags_of(mapping.page(0)).find("ex"));
}

/* What smaps says: "io" and "pf" for I/O and page numbers, "mm" for neighbours. */
TEST_F(memory, mappings_carry_the_flags_of_a_device)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	const std::string flags = vm_flags_of(mapping.page(0)) + " ";

	if (flags == " ")
		SKIP(return, "no VmFlags in /proc/self/smaps");
	for (const char *flag : { "io ", "pf ", "de ", "dd " })
		EXPECT_EQ(!device.faulting, flags.find(flag) != std::string::npos);
	EXPECT_EQ(device.sparse, flags.find("mm ") != std::string::npos);
}

MEMORY_FIXTURE(copy);
FAULTING_DEVICES(copy);

/* A copy is nobody else's, so it may be written to. */
TEST_F(copy, a_copy_of_a_file_for_reading_can_be_written_to)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open(O_RDONLY));
	Mapping copied = ASSERT_OK(map(fd, { .pages = device.pages, .flags = MAP_PRIVATE }));
	Mapping shared = ASSERT_OK(map(fd, { .pages = device.pages, .prot = PROT_READ }));

	EXPECT_EQ('x', Access::store(copied.page(0), 'x'));
	EXPECT_EQ(0, shared[0]);
}

TEST_HARNESS_MAIN
