// SPDX-License-Identifier: GPL-2.0
/*
 * simple as a window on a real region: the memory of a PCI card that has no
 * driver, such as QEMU's ivshmem-plain. And on nothing else.
 */
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "memory_fixture.hpp"
#include "module.hpp"
#include "page_tables.hpp"

using namespace ldd;
using devices::simplen;
using devices::simpler;

namespace
{
/* A range of physical addresses, both ends included, as the kernel writes it. */
struct Region {
	unsigned long start, end;
	std::string name;
	size_t depth;

	unsigned long size() const { return end - start + 1; }
};

/* /proc/iomem, with @depth of its indentation. */
std::vector<Region> iomem()
{
	std::istringstream lines(read_text("/proc/iomem"));
	std::vector<Region> regions;

	for (std::string line; std::getline(lines, line);) {
		const size_t depth = line.find_first_not_of(' ');
		const size_t name = line.find(" : ");
		Region region = { 0, 0, line.substr(name + 3), depth };

		sscanf(line.c_str() + depth, "%lx-%lx", &region.start, &region.end);
		regions.push_back(region);
	}
	return regions;
}

/* The start of the first region of that name; 0: there is none. */
unsigned long address_of(const std::string &name)
{
	for (const Region &region : iomem())
		if (region.name.starts_with(name))
			return region.start;
	return 0;
}

/* The directory of the card in sysfs; none: "". */
std::string card()
{
	const char *bus = "/sys/bus/pci/devices";

	if (!exists(bus))
		return "";
	for (const auto &entry : std::filesystem::directory_iterator(bus)) {
		std::string path = entry.path().string();

		if (read_text(path + "/vendor") == "0x1af4\n" &&
		    read_text(path + "/device") == "0x1110\n")
			return path;
	}
	return "";
}

/* Where its memory lies: the third line is of BAR 2. */
Region memory_of_card(const std::string &card)
{
	Region region = { 0, 0, "", 0 };

	sscanf(read_text(card + "/resource").c_str(), "%*x %*x %*x\n%*x %*x %*x\n%lx %lx",
	       &region.start, &region.end);
	return region;
}

std::string parameters(unsigned long base, unsigned long size)
{
	return "base=" + std::to_string(base) + " size=" + std::to_string(size);
}

} /* namespace */

FIXTURE(region)
{
	unsigned long base, size;
	bool was_slow;
};

FIXTURE_SETUP(region)
{
	const char *why = simpler.why_not();

	if (why)
		SKIP(return, "%s", why);
	if (!is_module("simple") || !have_modprobe)
		SKIP(return, "needs a module, to load it with parameters");
	const std::string path = card();
	if (path.empty())
		SKIP(return, "no ivshmem-plain card: needs QEMU with -device ivshmem-plain");
	const Region memory = memory_of_card(path);
	self->base = memory.start;
	self->size = memory.size();
	self->was_slow = ASSERT_OK(hurry(true));
	ASSERT_OK(write_text(path + "/enable", "1"));
	ASSERT_OK(unload("simple"));
}

FIXTURE_TEARDOWN_PARENT(region)
{
	if (is_module("simple")) {
		EXPECT_OK(unload("simple"));
	}
	EXPECT_VALUE(0, modprobe({ "simple" }));
	EXPECT_OK(write_text(card() + "/enable", "0"));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F(region, the_claim_can_be_seen)
{
	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	EXPECT_EQ(self->base, address_of("simple"));
	EXPECT_EQ(self->size, (unsigned long)attribute(simpler.sysfs("size")));
	EXPECT_EQ(self->size, (unsigned long)attribute(simplen.sysfs("size")));
	EXPECT_TEXT("uc\n", read_text(simpler.sysfs("cache")));
	EXPECT_TEXT("uc\n", read_text(simplen.sysfs("cache")));
	ASSERT_OK(unload("simple"));
	EXPECT_EQ(0UL, address_of("simple"));
}

/* Three ways to the same memory: both devices, and what the kernel has for any card. */
TEST_F(region, all_windows_show_the_card)
{
	const size_t pages = self->size / page_size;

	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	Fd fds[] = { ASSERT_OK(simpler.open()), ASSERT_OK(simplen.open()),
		     ASSERT_OK(open_file(card() + "/resource2", O_RDWR)) };
	Mapping first = ASSERT_OK(map(fds[0], { .pages = pages }));
	Mapping second = ASSERT_OK(map(fds[1], { .pages = pages }));
	Mapping third = ASSERT_OK(map(fds[2], { .pages = pages }));

	for (size_t i = 0; i < pages; i++) {
		auto *word = reinterpret_cast<volatile unsigned long *>(first.page(i));

		*word = i + 1;
		ASSERT_EQ(i + 1, *reinterpret_cast<volatile unsigned long *>(second.page(i)));
		ASSERT_EQ(i + 1, *reinterpret_cast<volatile unsigned long *>(third.page(i)));
	}
	second[self->size - 1] = 'x';
	EXPECT_EQ('x', first[self->size - 1]);
	EXPECT_EQ('x', third[self->size - 1]);
}

TEST_F(region, a_part_of_the_card)
{
	ASSERT_OK(load("simple", parameters(self->base + page_size, 2 * page_size)));
	Fd fd = ASSERT_OK(simpler.open());
	Fd whole = ASSERT_OK(open_file(card() + "/resource2", O_RDWR));
	Mapping part = ASSERT_OK(map(fd, { .pages = 2 }));
	Mapping all = ASSERT_OK(map(whole, { .pages = 4 }));

	part[0] = 'a';
	part[2 * page_size - 1] = 'z';
	EXPECT_EQ('a', all[page_size]);
	EXPECT_EQ('z', all[3 * page_size - 1]);
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 3 }));
}

TEST_F(region, the_memory_is_not_cached)
{
	char entry[64];

	snprintf(entry, sizeof(entry), "[mem 0x%016lx-0x%016lx] uncached-minus", self->base,
		 self->base + self->size);
	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	Fd fd = ASSERT_OK(simpler.open());
	Fd by_fault = ASSERT_OK(simplen.open());
	const size_t pages = self->size / page_size;
	Mapping mapping = ASSERT_OK(map(fd, { .pages = pages }));
	Mapping touched = ASSERT_OK(map(by_fault, { .pages = 2 }));

	EXPECT_GE(Access::load(touched.page(0)), 0);
	EXPECT_GE(Access::load(touched.page(1)), 0);
	if (exists(page_tables::path)) {
		page_tables::Dump dump;

		EXPECT_TEXT("PCD", dump.cache_of(mapping));
		EXPECT_TEXT("PCD", dump.cache_of(touched));
	}
	const char *list = "/sys/kernel/debug/x86/pat_memtype_list";
	if (!exists(list))
		SKIP(return, "no %s", list);
	EXPECT_NE(std::string::npos, read_text(list).find(entry));
	mapping.reset();
	EXPECT_EQ(std::string::npos, read_text(list).find(entry));
}

TEST_F(region, mappings_end_where_the_card_does)
{
	const size_t pages = self->size / page_size;

	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	Fd fd = ASSERT_OK(simpler.open());
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = pages + 1 }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 1, .pgoff = pages }));
	Fd by_fault = ASSERT_OK(simplen.open());
	Mapping mapping = ASSERT_OK(map(by_fault, { .pages = pages + 1 }));
	EXPECT_EQ('x', Access::store(mapping.page(pages) - 1, 'x'));
	EXPECT_EQ(-SIGBUS, Access::load(mapping.page(pages)));
	EXPECT_EQ(-SIGBUS, Access::store(mapping.page(pages), 'x'));
}

/* Such memory has numbers, but no pages. */
TEST_F(region, mappings_neither_grow_nor_copy)
{
	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	Fd fd = ASSERT_OK(simplen.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = 1 }));

	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
	EXPECT_ERRNO(EFAULT, remap(mapping, 1, 2, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EINVAL, map(fd, { .flags = MAP_PRIVATE }));
	Mapping room = ASSERT_OK(map_memory(1));
	Mapping moved =
		ASSERT_OK(remap(mapping, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room.page(0)));
	room.release();
	EXPECT_EQ('x', Access::load(moved.page(0)));
	EXPECT_VALUE(1, simplen.mappings());
}

TEST_F(region, a_fork_shares)
{
	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	for (const MemoryDevice *device : { &simpler, &simplen }) {
		Fd fd = ASSERT_OK(device->open());
		Mapping mapping = ASSERT_OK(map(fd, { .pages = 4 }));

		mapping[5] = 'p';
		Child child = ASSERT_OK(Child::fork_to([&] {
			bool good = mapping[5] == 'p' && device->mappings().value() == 2;

			mapping[5] = 'c';
			return good ? 0 : 1;
		}));
		EXPECT_VALUE(0, child.wait());
		EXPECT_EQ('c', mapping[5]);
		EXPECT_VALUE(1, device->mappings());
	}
}

/* Bug 17: no way through these devices reaches memory that is not theirs. */
TEST_F(region, nothing_else_is_accepted)
{
	const unsigned long ram =
		(address_of("System RAM") + page_size - 1) / page_size * page_size;
	const unsigned long last = 0UL - page_size;
	const struct {
		unsigned long base, size;
		int error;
		const char *says;
	} refused[] = {
		{ ram, page_size, EINVAL, "is RAM" },
		{ address_of("Kernel code") & -page_size, page_size, EINVAL, "is RAM" },
		{ self->base + 1, page_size, EINVAL, "is no range of whole pages" },
		{ self->base, 1, EINVAL, "is no range of whole pages" },
		{ self->base, page_size + 1, EINVAL, "is no range of whole pages" },
		{ self->base, 0, EINVAL, "is no range of whole pages" },
		{ last, page_size, ENODEV, "belongs to no PCI card" },
		{ last, 2 * page_size, EINVAL, "is no range of whole pages" },
		{ self->base, last, EINVAL, "is no range of whole pages" },
		{ self->base, self->size + page_size, EBUSY, "is in use" },
		{ address_of("IOAPIC 0"), page_size, EBUSY, "is in use" },
		{ address_of("virtio-pci"), page_size, EBUSY, "is in use" },
	};

	for (const auto &region : refused) {
		const std::string text = parameters(region.base, region.size);
		KernelLog log;

		EXPECT_ERRNO(region.error, load("simple", text));
		EXPECT_TRUE(log.says(region.says))
		{
			TH_LOG("%s: no word of \"%s\"", text.c_str(), region.says);
		}
		EXPECT_FALSE(is_module("simple"));
		EXPECT_EQ(0UL, address_of("simple"));
	}
}

namespace
{
/* Whole pages before the next region, of those side by side below @parent or the top. */
unsigned long hole(const std::string &parent)
{
	const size_t depth = parent.empty() ? 0 : 2;
	bool inside = parent.empty();
	unsigned long behind = 0;

	for (const Region &region : iomem()) {
		if (depth && region.depth == 0) {
			inside = region.name.starts_with(parent);
			behind = region.start;
		}
		if (!inside || region.depth != depth)
			continue;
		behind = (behind + page_size - 1) / page_size * page_size;
		if (behind && region.start >= behind + page_size)
			return behind;
		behind = region.end + 1;
	}
	return 0;
}

} /* namespace */

/* Neither where nothing is nor where a bus has room for what is not there. */
TEST_F(region, no_hole_is_accepted)
{
	for (unsigned long base : { hole(""), hole("PCI Bus 0000:00") }) {
		KernelLog log;

		ASSERT_NE(0UL, base);
		EXPECT_ERRNO(ENODEV, load("simple", parameters(base, page_size)));
		EXPECT_TRUE(log.says("belongs to no PCI card"));
		EXPECT_FALSE(is_module("simple"));
	}
}

TEST_F(region, a_bad_region_leaves_no_trace)
{
	EXPECT_ERRNO(EINVAL, load("simple", "base=0x1000"));
	EXPECT_FALSE(exists(simpler.path()));
	ASSERT_OK(load("simple", parameters(self->base, self->size)));
	EXPECT_TRUE(exists(simpler.path()));
}

TEST_HARNESS_MAIN
