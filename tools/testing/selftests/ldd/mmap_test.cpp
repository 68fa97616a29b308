// SPDX-License-Identifier: GPL-2.0
/*
 * What goes into a device one way is seen through all others: read(2), write(2)
 * and every mapping, in every process.
 */
#include <string>
#include <sys/wait.h>

#include "memory_fixture.hpp"

using namespace ldd;

MEMORY_FIXTURE(io);
DEVICES_WITH_IO(io);

MEMORY_FIXTURE(memory);
ALL_DEVICES(memory);

TEST_F(io, a_mapping_shows_what_is_written)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	const std::string text = pattern(device.bytes());

	EXPECT_TRUE(std::string(device.bytes(), '\0') == mapping.text());
	EXPECT_VALUE(ssize_t(text.size()), fd.pwrite(text, 0));
	EXPECT_TRUE(text == mapping.text());
	EXPECT_VALUE(1, fd.pwrite("x", device.bytes() - 1));
	EXPECT_EQ('x', mapping[device.bytes() - 1]);
}

TEST_F(io, a_read_gives_what_is_stored)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	const std::string text = pattern(device.bytes());

	mapping.put(text);
	EXPECT_TRUE(text == take_at(fd, device.bytes(), 0));
	mapping[device.bytes() - 1] = 'x';
	EXPECT_TEXT("x", take_at(fd, 1, device.bytes() - 1));
}

/* One process has only the file, the other only the mapping. */
TEST_F(io, read_and_write_meet_the_mapping_of_another_process)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Pipe go = ASSERT_OK(Pipe::make());
	Pipe done = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		Result<Mapping> mapping = map(fd, { .pages = device.pages });
		bool good;

		if (!mapping.ok())
			return 1;
		mapping.value().put("from a mapping");
		static_cast<void>(done.wr.write("1"));
		take(go.rd, 1);
		good = mapping.value().text(14) == "from the file!";
		return good ? 0 : 2;
	}));

	EXPECT_TEXT("1", take(done.rd, 1));
	EXPECT_TEXT("from a mapping", take_at(fd, 14, 0));
	EXPECT_VALUE(14, fd.pwrite("from the file!", 0));
	EXPECT_VALUE(1, go.wr.write("1"));
	EXPECT_VALUE(0, child.wait());
}

TEST_F(memory, two_mappings_are_one_memory)
{
	const MemoryDevice &device = *variant->device;
	Fd one = ASSERT_OK(device.open());
	Fd two = ASSERT_OK(device.open());
	Mapping first = ASSERT_OK(map(one, { .pages = device.pages }));
	Mapping second = ASSERT_OK(map(two, { .pages = device.pages }));
	const std::string text = pattern(device.bytes());

	first.put(text);
	EXPECT_TRUE(text == second.text());
	second[7] = 'x';
	EXPECT_EQ('x', first[7]);
}

TEST_F(memory, two_processes_share)
{
	const MemoryDevice &device = *variant->device;
	Pipe go = ASSERT_OK(Pipe::make());
	Pipe done = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		Result<Fd> fd = device.open();
		Result<Mapping> mapping = map(fd.value(), { .pages = device.pages });

		if (!mapping.ok())
			return 1;
		take(go.rd, 1);
		if (mapping.value().text(6) != "parent")
			return 2;
		mapping.value().put("child ");
		static_cast<void>(done.wr.write("1"));
		take(go.rd, 1);
		return 0;
	}));
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	mapping.put("parent");
	EXPECT_VALUE(1, go.wr.write("1"));
	EXPECT_TEXT("1", take(done.rd, 1));
	EXPECT_TEXT("child ", mapping.text(6));
	EXPECT_VALUE(1, go.wr.write("1"));
	EXPECT_VALUE(0, child.wait());
}

TEST_F(memory, a_fork_shares)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	mapping.put("parent");
	Child child = ASSERT_OK(Child::fork_to([&] {
		if (mapping.text(6) != "parent")
			return 1;
		mapping.put("child ");
		mapping[device.bytes() - 1] = 'x';
		return 0;
	}));
	EXPECT_VALUE(0, child.wait());
	EXPECT_TEXT("child ", mapping.text(6));
	EXPECT_EQ('x', mapping[device.bytes() - 1]);
}

/* The page in the middle of the device, by two offsets. */
TEST_F(memory, an_offset_is_where_the_mapping_starts)
{
	const MemoryDevice &device = *variant->device;
	const size_t middle = device.pages / 2;
	Fd fd = ASSERT_OK(device.open());
	Mapping all = ASSERT_OK(map(fd, { .pages = device.pages }));
	Mapping part = ASSERT_OK(map(fd, { .pages = device.pages - middle, .pgoff = middle }));

	all.put(pattern(device.bytes()));
	EXPECT_TRUE(all.text().substr(middle * page_size) == part.text());
}

TEST_F(memory, a_mapping_outlives_its_file)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	fd.reset();
	mapping.put("alive");
	fd = ASSERT_OK(device.open());
	Mapping other = ASSERT_OK(map(fd, { .pages = device.pages }));
	EXPECT_TEXT("alive", other.text(5));
}

TEST_F(memory, populating_and_locking_change_nothing)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(device.fill(text));
	Mapping mapping =
		ASSERT_OK(map(fd, { .pages = device.pages, .flags = MAP_SHARED | MAP_POPULATE }));
	EXPECT_TRUE(text == mapping.text());
	EXPECT_OK(lock(mapping));
	EXPECT_TRUE(text == mapping.text());
	EXPECT_OK(unlock(mapping));
	EXPECT_TRUE(text == mapping.text());
}

/* Pages that were dropped come back; those that cannot come back are not dropped. */
TEST_F(memory, nothing_is_lost_by_advice)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	const std::string text = pattern(device.bytes());

	mapping.put(text);
	if (device.faulting) {
		EXPECT_OK(advise(mapping, device.pages, MADV_DONTNEED));
	} else {
		EXPECT_ERRNO(EINVAL, advise(mapping, device.pages, MADV_DONTNEED));
	}
	EXPECT_TRUE(text == mapping.text());
}

MEMORY_FIXTURE(copy);
FAULTING_DEVICES(copy);

TEST_F(copy, a_private_mapping_copies_on_write)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	const MapArgs args = { .pages = device.pages, .flags = MAP_PRIVATE };
	Mapping shared = ASSERT_OK(map(fd, { .pages = device.pages }));
	Mapping before = ASSERT_OK(map(fd, args));
	Mapping copied = ASSERT_OK(map(fd, args));

	shared.put("device");
	EXPECT_TEXT("device", before.text(6));
	copied.put("copied");
	EXPECT_TEXT("device", shared.text(6));
	EXPECT_TEXT("device", before.text(6));
	shared.put("later ");
	EXPECT_TEXT("later ", before.text(6));
	EXPECT_TEXT("copied", copied.text(6));
	/* What was not written to is still the device's. */
	shared[device.bytes() - 1] = 'x';
	EXPECT_EQ(device.pages > 1 ? 'x' : 0, copied[device.bytes() - 1]);
}

TEST_F(copy, a_private_copy_is_not_shared_by_fork)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .flags = MAP_PRIVATE }));

	mapping.put("parent");
	Child child = ASSERT_OK(Child::fork_to([&] {
		bool good = mapping.text(6) == "parent";

		mapping.put("child ");
		return good && mapping.text(6) == "child " ? 0 : 1;
	}));
	EXPECT_VALUE(0, child.wait());
	EXPECT_TEXT("parent", mapping.text(6));
}

TEST_F(copy, a_dropped_copy_shows_the_device_again)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .flags = MAP_PRIVATE }));

	ASSERT_OK(device.fill("device"));
	mapping.put("copied");
	EXPECT_OK(advise(mapping, 1, MADV_DONTNEED));
	EXPECT_TEXT("device", mapping.text(6));
}

MEMORY_FIXTURE(no_copy);
AT_ONCE_DEVICES(no_copy);

TEST_F(no_copy, a_private_mapping_is_refused)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Fd read_only = ASSERT_OK(device.open(O_RDONLY));

	EXPECT_ERRNO(EINVAL, map(fd, { .flags = MAP_PRIVATE }));
	EXPECT_ERRNO(EINVAL,
		     map(read_only,
			 { .pages = device.pages, .prot = PROT_READ, .flags = MAP_PRIVATE }));
	EXPECT_VALUE(0, device.mappings());
}

TEST_HARNESS_MAIN
