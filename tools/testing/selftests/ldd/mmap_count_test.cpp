// SPDX-License-Identifier: GPL-2.0
/*
 * A device knows how many mappings of it there are: one for each line in the
 * /proc/PID/maps of all processes.
 */
#include <string>
#include <thread>
#include <vector>

#include "memory_fixture.hpp"

using namespace ldd;

MEMORY_FIXTURE(memory);
ALL_DEVICES(memory);

#define EXPECT_MAPPINGS(count)                            \
	do {                                              \
		EXPECT_VALUE(count, device.mappings());   \
		EXPECT_EQ(count, maps_of(device.path())); \
	} while (0)

TEST_F(memory, mappings_come_and_go)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping first = ASSERT_OK(map(fd, { .pages = device.pages }));

	EXPECT_MAPPINGS(1);
	Mapping second = ASSERT_OK(map(fd, { .pages = 1, .prot = PROT_READ }));
	EXPECT_MAPPINGS(2);
	fd.reset();
	EXPECT_MAPPINGS(2);
	first.reset();
	EXPECT_MAPPINGS(1);
	second.reset();
	EXPECT_MAPPINGS(0);
}

TEST_F(memory, unmapping_the_ends)
{
	const MemoryDevice &device = *variant->device;
	const size_t last = device.many() - 1;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));

	EXPECT_OK(unmap(mapping, 0, 1));
	EXPECT_MAPPINGS(1);
	EXPECT_OK(unmap(mapping, last, 1));
	EXPECT_MAPPINGS(1);
	mapping.reset();
	EXPECT_MAPPINGS(0);
}

TEST_F(memory, unmapping_the_middle)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));

	EXPECT_OK(unmap(mapping, 1, 2));
	EXPECT_MAPPINGS(2);
	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
	EXPECT_EQ(-SIGSEGV, Access::load(mapping.page(1)));
	EXPECT_OK(unmap(mapping, 0, 1));
	EXPECT_MAPPINGS(1);
	EXPECT_OK(unmap(mapping, 0, device.many()));
	EXPECT_MAPPINGS(0);
}

/* The pieces still are where they were in the device. */
TEST_F(memory, other_memory_over_the_middle)
{
	const MemoryDevice &device = *variant->device;
	const size_t last = device.many() - 1;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));

	ASSERT_OK(device.fill(pattern(device.bytes())));
	Mapping over = ASSERT_OK(map_bytes(-1, "memory", page_size,
					   { .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
					     .at = mapping.page(1) }));
	EXPECT_MAPPINGS(2);
	EXPECT_EQ('x', Access::store(over.page(0), 'x'));
	EXPECT_TRUE(pattern(page_size) == mapping.text(page_size));
	if (last < device.pages) {
		EXPECT_TRUE(pattern(device.bytes()).substr(last * page_size) ==
			    mapping.text().substr(last * page_size));
	}
	mapping.reset();
	over.release();
	EXPECT_MAPPINGS(0);
}

TEST_F(memory, the_device_over_itself)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));

	ASSERT_OK(device.fill(pattern(device.bytes())));
	Mapping over =
		ASSERT_OK(map(fd, { .flags = MAP_SHARED | MAP_FIXED, .at = mapping.page(1) }));
	EXPECT_MAPPINGS(3);
	EXPECT_TRUE(pattern(page_size) == over.text());
	mapping.reset();
	over.release();
	EXPECT_MAPPINGS(0);
}

TEST_F(memory, a_change_of_protection_makes_pieces)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));

	EXPECT_OK(protect(mapping, 1, 1, PROT_READ));
	EXPECT_MAPPINGS(3);
	mapping.reset();
	EXPECT_MAPPINGS(0);
}

TEST_F(memory, fork_adds_and_exit_subtracts)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	Pipe done = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		done.wr.reset();
		take(done.rd, 1);
		return 0;
	}));

	EXPECT_VALUE(2, device.mappings());
	done.wr.reset();
	EXPECT_VALUE(0, child.wait());
	EXPECT_MAPPINGS(1);
}

TEST_F(memory, a_kill_subtracts)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Pipe ready = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		Result<Mapping> mapping = map(fd, { .pages = device.pages });

		static_cast<void>(ready.wr.write("1"));
		pause();
		return 0;
	}));

	EXPECT_TEXT("1", take(ready.rd, 1));
	EXPECT_VALUE(1, device.mappings());
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	EXPECT_VALUE(0, device.mappings());
}

TEST_F(memory, an_exec_subtracts)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	Pipe in = ASSERT_OK(Pipe::make());
	Pipe out = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		dup2(in.rd.get(), 0);
		dup2(out.wr.get(), 1);
		execlp("cat", "cat", nullptr);
		return 127;
	}));

	/* What comes back comes from the program that took the place of the child. */
	EXPECT_VALUE(1, in.wr.write("1"));
	EXPECT_TEXT("1", take(out.rd, 1));
	EXPECT_MAPPINGS(1);
}

TEST_F(memory, a_child_that_does_not_get_it_does_not_count)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	EXPECT_OK(advise(mapping, device.pages, MADV_DONTFORK));
	Child child = ASSERT_OK(Child::fork_to([&] {
		return device.mappings().value() == 1 && maps_of(device.path()) == 0 ? 0 : 1;
	}));
	EXPECT_VALUE(0, child.wait());
	EXPECT_MAPPINGS(1);
}

TEST_F(memory, private_mappings_count)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	if (!device.faulting)
		return;
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .flags = MAP_PRIVATE }));
	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
	EXPECT_MAPPINGS(1);
	mapping.reset();
	EXPECT_MAPPINGS(0);
}

/* One body for each of the two sets of operations that there are. */
MEMORY_FIXTURE(race);
MEMORY_VARIANT(race, gmemp);
MEMORY_VARIANT(race, my_demo_dev);

namespace
{
/* As many mappings in a row as one call then opens or closes. */
Result<Mapping> map_in_pieces(const Fd &fd, size_t pieces)
{
	Result<Mapping> room = map_memory(pieces, PROT_NONE);

	for (size_t i = 0; room.ok() && i < pieces; i++) {
		Result<Mapping> piece =
			map(fd, { .flags = MAP_SHARED | MAP_FIXED, .at = room.value().page(i) });

		if (!piece.ok())
			return piece;
		Mapping(std::move(piece).value()).release();
	}
	return room;
}

/*
 * Fork and exit, which open and close many mappings in a row and do little else.
 * Returns how often that went wrong.
 */
int churn(const MemoryDevice &device, int milliseconds)
{
	Result<Fd> fd = device.open();
	int bad = 0;

	if (!fd.ok())
		return 1;
	Result<Mapping> mapping = map_in_pieces(fd.value(), 300);

	bad += !mapping.ok();
	for (Budget budget(milliseconds, 3); budget.more();) {
		Result<Child> child = Child::fork_to([] { return 0; });

		bad += !child.ok() || Child(std::move(child).value()).wait().value() != 0;
	}
	return bad;
}

} /* namespace */

/* Bug 13 */
TEST_F(race, the_count_is_exact_whoever_maps_meanwhile)
{
	const MemoryDevice &device = *variant->device;
	const int milliseconds = std::thread::hardware_concurrency() > 1 ? 1000 : 50;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, {}));
	std::vector<Child> others;

	for (int i = 0; i < 2; i++)
		others.push_back(
			ASSERT_OK(Child::fork_to([&] { return churn(device, milliseconds); })));
	for (Child &other : others)
		EXPECT_VALUE(0, other.wait());
	EXPECT_MAPPINGS(1);
}

TEST_HARNESS_MAIN
