// SPDX-License-Identifier: GPL-2.0
/*
 * The memory devices as modules: nodes, parameters, loading and unloading, with
 * other processes at the devices all the time.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes.hpp"
#include "harness.hpp"
#include "module.hpp"

using namespace ldd;

namespace
{
constexpr uid_t nobody = 65534;

/* What @what is for somebody who is not root: 0 or an errno. */
Result<int> as_nobody(const std::string &path, int flags)
{
	Child child;
	Result<Child> forked = Child::fork_to([&] {
		if (setresuid(nobody, nobody, nobody))
			return EPERM;
		return open_file(path, flags).error();
	});

	if (!forked.ok())
		return Result<int>::failure(forked.error(), { "fork", "" });
	child = std::move(forked).value();
	return child.wait();
}

/* The whole of @bytes from the start of a device, through whatever way there is. */
Result<long> put(const std::string &name, const std::string &bytes)
{
	Result<Fd> fd = open_device(name);
	Call call = { "put", name };

	if (!fd.ok())
		return Result<long>::failure(fd.error(), std::move(call));
	Result<ssize_t> written = fd.value().pwrite(bytes, 0);
	if (written.error() != EINVAL)
		return result_of<long>(written.ok() ? written.value() : -1, std::move(call));
	void *mem = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd.value().get(), 0);
	if (mem == MAP_FAILED)
		return Result<long>::failure(errno, std::move(call));
	memcpy(mem, bytes.data(), bytes.size());
	munmap(mem, bytes.size());
	return Result<long>(bytes.size(), std::move(call));
}

/* The bytes at the start of a device that are not zero; -1 when it cannot be mapped. */
long count_bytes(const std::string &name, size_t size)
{
	Result<Fd> fd = open_device(name);
	long count = 0;

	if (!fd.ok())
		return -1;
	void *mem = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.value().get(), 0);
	if (mem == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < size; i++)
		count += static_cast<char *>(mem)[i] != 0;
	munmap(mem, size);
	return count;
}

} /* namespace */

/*
 * Tests of one module, which is loaded with its defaults before and afterwards.
 * Of its devices there are @first and @last, and their state in debugfs.
 */
FIXTURE(module)
{
	bool was_slow;
};

FIXTURE_VARIANT(module)
{
	const char *name;
	const char *first, *last;
	const char *state;
	mode_t mode;
	int pages;
};

FIXTURE_VARIANT_ADD(module, gmemp) {
	.name = "gmemp",
	.first = "gmemp",
	.last = "gmemp",
	.state = "gmemp/state",
	.mode = 0666,
	.pages = 1,
};

FIXTURE_VARIANT_ADD(module, my_demo_dev) {
	.name = "my_demo_dev",
	.first = "my_demo_dev",
	.last = "my_demo_dev",
	.state = "my_demo_dev/state",
	.mode = 0666,
	.pages = 10,
};

FIXTURE_VARIANT_ADD(module, kmalloc_map) {
	.name = "kmalloc_map",
	.first = "kmalloc_map",
	.last = "kmalloc_map",
	.state = "kmalloc_map/state",
	.mode = 0666,
	.pages = 10,
};

FIXTURE_VARIANT_ADD(module, simple) {
	.name = "simple",
	.first = "simpler",
	.last = "simplen",
	.state = "simpler/state",
	.mode = 0600,
	.pages = 16,
};

FIXTURE_VARIANT_ADD(module, scullp) {
	.name = "scullp",
	.first = "scullp",
	.last = "scullp3",
	.state = "scullp/scullp3/state",
	.mode = 0666,
	.pages = 16,
};

FIXTURE_VARIANT_ADD(module, scullv) {
	.name = "scullv",
	.first = "scullv",
	.last = "scullv3",
	.state = "scullv/scullv3/state",
	.mode = 0666,
	.pages = 16,
};

namespace
{
std::string node(const char *device)
{
	return std::string("/dev/") + device;
}

std::string debugfs(const char *state)
{
	return std::string("/sys/kernel/debug/ldd/") + state;
}

/* Why this module cannot be tested, or nothing. */
const char *no_module(const char *name, const char *first, const char *state)
{
	const char *why = why_not(name, node(first).c_str(), debugfs(state).c_str());

	if (!why && !is_module(name))
		why = "the driver is built into the kernel";
	if (!why && !have_modprobe)
		why = "modprobe does not find the modules";
	return why;
}

} /* namespace */

FIXTURE_SETUP(module)
{
	const char *why = no_module(variant->name, variant->first, variant->state);

	if (why)
		SKIP(return, "%s", why);
	self->was_slow = ASSERT_OK(hurry(true));
}

FIXTURE_TEARDOWN(module)
{
	if (!is_module(variant->name)) {
		EXPECT_VALUE(0, modprobe({ variant->name }));
	}
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F(module, nodes_come_and_go)
{
	for (bool there : { true, false, true }) {
		if (!there)
			ASSERT_OK(unload(variant->name));
		else if (!is_module(variant->name))
			ASSERT_VALUE(0, modprobe({ variant->name }));
		for (const char *device : { variant->first, variant->last }) {
			struct stat st = {};

			EXPECT_EQ(there ? 0 : -1, stat(node(device).c_str(), &st));
			EXPECT_EQ(there ? mode_t(S_IFCHR | variant->mode) : 0, st.st_mode);
			EXPECT_EQ(there, exists(attribute_of(device, "dev")));
		}
		EXPECT_EQ(there, exists(debugfs(variant->state)));
	}
}

TEST_F(module, who_may_do_what)
{
	const int open = variant->mode == 0666 ? 0 : EACCES;

	EXPECT_VALUE(open, as_nobody(node(variant->first), O_RDWR));
	EXPECT_VALUE(open, as_nobody(node(variant->last), O_RDONLY));
	EXPECT_VALUE(0, as_nobody(attribute_of(variant->last, "mappings"), O_RDONLY));
	EXPECT_VALUE(EACCES, as_nobody(attribute_of(variant->last, "mappings"), O_RDWR));
	EXPECT_VALUE(EACCES, as_nobody(debugfs(variant->state), O_RDONLY));
	struct stat st;
	ASSERT_EQ(0, stat(debugfs(variant->state).c_str(), &st));
	EXPECT_EQ(mode_t(S_IFREG | 0400), st.st_mode);
}

/* Bug 18 */
TEST_F(module, unload_is_refused_while_open_or_mapped)
{
	const std::string refs = std::string("/sys/module/") + variant->name + "/refcnt";
	const size_t page = sysconf(_SC_PAGESIZE);

	for (const char *device : { variant->first, variant->last }) {
		Fd fd = ASSERT_OK(open_device(device));

		/* Ask first: after an unload that should have failed, the next call is fatal. */
		ASSERT_EQ(1, attribute(refs));
		EXPECT_ERRNO(EWOULDBLOCK, unload(variant->name));
		void *mem = mmap(nullptr, page, PROT_READ, MAP_SHARED, fd.get(), 0);
		ASSERT_NE(MAP_FAILED, mem);
		fd.reset();
		ASSERT_EQ(1, attribute(refs));
		EXPECT_ERRNO(EWOULDBLOCK, unload(variant->name));
		EXPECT_TRUE(exists(node(device)));
		munmap(mem, page);
		EXPECT_EQ(0, attribute(refs));
	}
	EXPECT_OK(unload(variant->name));
}

namespace
{
/*
 * Leave free memory, in pieces of 16 pages, that is not zero: whoever gets it next
 * has to see to that.
 */
void leave_dirty_memory()
{
	const std::string dirt(16 << 20, 'x');
	const std::string order = attribute_of("scullp3", "order");

	if (!write_text(order, "4").ok())
		return;
	static_cast<void>(put("scullp3", dirt));
	static_cast<void>(open_device("scullp3", O_WRONLY));
	static_cast<void>(write_text(order, "0"));
}

} /* namespace */

/* Bug 10: what is in the memory is neither that of before, nor anybody's. */
TEST_F(module, a_reload_starts_with_zeros)
{
	const size_t size = variant->pages * sysconf(_SC_PAGESIZE);
	const bool sparse = !strncmp(variant->name, "scull", 5);

	for (int i = 0; i < 2; i++) {
		if (sparse) {
			EXPECT_EQ(0, attribute(attribute_of(variant->last, "size")));
			EXPECT_EQ(0, attribute(attribute_of(variant->last, "memory")));
			Fd fd = ASSERT_OK(open_device(variant->last));
			ASSERT_VALUE(1, fd.pwrite(std::string(1, '\0'), size - 1));
			for (size_t at = 0; at < size; at += sysconf(_SC_PAGESIZE))
				ASSERT_VALUE(1, fd.pwrite(std::string(1, '\0'), at));
		}
		ASSERT_EQ(0, count_bytes(variant->last, size));
		ASSERT_VALUE(long(size), put(variant->last, std::string(size, 'x')));
		ASSERT_EQ(long(size), count_bytes(variant->last, size));
		ASSERT_OK(unload(variant->name));
		leave_dirty_memory();
		ASSERT_VALUE(0, modprobe({ variant->name }));
	}
}

namespace
{
/* All there is to do with a device that may come or go at any moment. */
void use_device(const char *device, const char *state)
{
	Result<Fd> opened = open_device(device);
	const size_t page = sysconf(_SC_PAGESIZE);
	char bytes[64] = {};

	static_cast<void>(read_text(attribute_of(device, "size")));
	static_cast<void>(read_text(attribute_of(device, "mappings")));
	static_cast<void>(read_text(debugfs(state)));
	if (!opened.ok())
		return;
	Fd fd = std::move(opened).value();
	static_cast<void>(fd.pwrite(bytes, sizeof(bytes), page - 10));
	static_cast<void>(fd.pwrite(bytes, sizeof(bytes), 0));
	static_cast<void>(fd.pread(bytes, sizeof(bytes), page - 10));
	void *mem = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
	fd.reset();
	if (mem == MAP_FAILED)
		return;
	static_cast<void>(touch(mem));
	munmap(mem, page);
}

} /* namespace */

/*
 * Bug 16: nothing is freed that somebody can still reach. It takes a kernel
 * that poisons freed memory (slub_debug, KASAN) to see each time.
 */
TEST_F_TIMEOUT(module, nothing_is_freed_before_it_is_out_of_reach, 90)
{
	KernelLog log;
	std::vector<Child> users;

	ASSERT_TRUE(log.is_open());
	for (const char *device : { variant->first, variant->last })
		users.push_back(
			ASSERT_OK(user_of(1, [&](int) { use_device(device, variant->state); })));
	for (Budget budget(100, 3); budget.more();) {
		ASSERT_OK(unload_between(variant->name));
		ASSERT_VALUE(0, modprobe({ variant->name }));
		ASSERT_FALSE(log.complains());
	}
	for (Child &user : users) {
		user.kill(SIGKILL);
		EXPECT_VALUE(128 + SIGKILL, user.wait());
	}
	ASSERT_OK(unload(variant->name));
	EXPECT_FALSE(log.complains());
}

/* A value a module does not load with, and what it says to it. */
FIXTURE(parameter)
{
	bool was_slow;
};

FIXTURE_VARIANT(parameter)
{
	const char *module, *first, *state;
	const char *bad[9][2];
	int error;
};

#define SCULL_PARAMETERS(name)                                                                  \
	{                                                                                       \
		{ "devices=0", name ": devices=0 is not from 1 to 64" },                        \
			{ "devices=65", name ": devices=65 is not from 1 to 64" },              \
			{ "order=11", name ": order=11 is not from 0 to 10" },                  \
			{ "limit=0", name ": limit=0 is not from 1 to 9223372036854775807" },   \
			{ "limit=9223372036854775808", name                                     \
			  ": limit=9223372036854775808 is not from 1 to 9223372036854775807" }, \
			{ "memory=1099511627776",                                               \
			  name ": memory=1099511627776 is more than all pages there are" },     \
			{ "order=-1", "invalid for parameter `order'" },                        \
			{ "delay=10001", name ": delay=10001 is not from 0 to 10000" },         \
			{ "devices=x", "invalid for parameter `devices'" },                     \
	}

FIXTURE_VARIANT_ADD(parameter, scullp) {
	.module = "scullp",
	.first = "scullp",
	.state = "scullp/scullp0/state",
	.bad = SCULL_PARAMETERS("scullp"),
	.error = EINVAL,
};

FIXTURE_VARIANT_ADD(parameter, scullv) {
	.module = "scullv",
	.first = "scullv",
	.state = "scullv/scullv0/state",
	.bad = SCULL_PARAMETERS("scullv"),
	.error = EINVAL,
};

#define CACHE_PARAMETERS(name)                                                     \
	{                                                                          \
		{ "cache=", name ": cache= is none of wb, wc, uc" },               \
			{ "cache=WB", name ": cache=WB is none of wb, wc, uc" },   \
			{ "cache=wbx", name ": cache=wbx is none of wb, wc, uc" }, \
	}

FIXTURE_VARIANT_ADD(parameter, my_demo_dev) {
	.module = "my_demo_dev",
	.first = "my_demo_dev",
	.state = "my_demo_dev/state",
	.bad = CACHE_PARAMETERS("my_demo_dev"),
	.error = EINVAL,
};

FIXTURE_VARIANT_ADD(parameter, kmalloc_map) {
	.module = "kmalloc_map",
	.first = "kmalloc_map",
	.state = "kmalloc_map/state",
	.bad = CACHE_PARAMETERS("kmalloc_map"),
	.error = EINVAL,
};

FIXTURE_VARIANT_ADD(parameter, simple_ranges) {
	.module = "simple",
	.first = "simpler",
	.state = "simpler/state",
	.bad = {
		{ "base=0x1000", "base=0x1000 size=0x0 is no range of whole pages" },
		{ "size=4096000001", "is no range of whole pages" },
		{ "base=0x1001 size=4096", "base=0x1001 size=0x1000 is no range of whole pages" },
		{ "base=0x1000 size=4095", "base=0x1000 size=0xfff is no range of whole pages" },
		{ "base=0xfffffffffffff000 size=8192", "is no range of whole pages" },
	},
	.error = EINVAL,
};

FIXTURE_SETUP(parameter)
{
	const char *why = no_module(variant->module, variant->first, variant->state);

	if (why)
		SKIP(return, "%s", why);
	self->was_slow = ASSERT_OK(hurry(true));
	ASSERT_OK(unload(variant->module));
}

FIXTURE_TEARDOWN(parameter)
{
	static_cast<void>(unload(variant->module));
	EXPECT_VALUE(0, modprobe({ variant->module }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F(parameter, bad_values_are_refused)
{
	KernelLog log;

	ASSERT_TRUE(log.is_open());
	for (auto [values, message] : variant->bad) {
		if (!values)
			break;
		EXPECT_ERRNO(variant->error, load(variant->module, values));
		EXPECT_TRUE(log.says(message)) TH_LOG("%s: no '%s'", values, message);
		EXPECT_FALSE(is_module(variant->module));
		EXPECT_FALSE(exists(node(variant->first)));
		EXPECT_FALSE(exists(debugfs(variant->first)));
	}
	EXPECT_FALSE(log.complains());
}

FIXTURE(cache)
{
	bool was_slow;
	bool can_change;
};

FIXTURE_VARIANT(cache)
{
	const char *name;
};

FIXTURE_VARIANT_ADD(cache, my_demo_dev) {
	.name = "my_demo_dev",
};

FIXTURE_VARIANT_ADD(cache, kmalloc_map) {
	.name = "kmalloc_map",
};

FIXTURE_SETUP(cache)
{
	const char *why = no_module(variant->name, variant->name,
				    (std::string(variant->name) + "/state").c_str());

	if (why)
		SKIP(return, "%s", why);
	self->was_slow = ASSERT_OK(hurry(true));
	/* The default: as uncached as the architecture can have it. */
	ASSERT_OK(unload(variant->name));
	ASSERT_VALUE(0, modprobe({ variant->name }));
	self->can_change = read_text(attribute_of(variant->name, "cache")) == "uc\n";
	ASSERT_OK(unload(variant->name));
}

FIXTURE_TEARDOWN(cache)
{
	static_cast<void>(unload(variant->name));
	EXPECT_VALUE(0, modprobe({ variant->name }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

/* Over and over: pages that are given back are cached as all others are. */
TEST_F(cache, each_attribute)
{
	const std::string path = attribute_of(variant->name, "cache");
	const std::string bytes = pattern(10 * sysconf(_SC_PAGESIZE));
	KernelLog log;

	for (int i = 0; i < 3; i++) {
		for (const std::string cache : { "wb", "wc", "uc" }) {
			Result<long> loaded = load(variant->name, "cache=" + cache);

			if (cache != "wb" && !self->can_change) {
				EXPECT_ERRNO(EOPNOTSUPP, loaded);
				EXPECT_TRUE(log.says("cache=" + cache + " is not possible here"));
				EXPECT_FALSE(exists(node(variant->name)));
				continue;
			}
			ASSERT_OK(loaded);
			EXPECT_TRUE(read_text(path) == cache + "\n");
			Fd fd = ASSERT_OK(open_device(variant->name));
			EXPECT_VALUE(ssize_t(bytes.size()), fd.write(bytes));
			EXPECT_TRUE(take_at(fd, bytes.size(), 0) == bytes);
			fd.reset();
			ASSERT_OK(unload(variant->name));
		}
	}
	EXPECT_FALSE(log.complains());
}

namespace
{
struct Region {
	unsigned long long start, end;
	std::string name;
	/* How deep in the tree. */
	int depth;
};

std::vector<Region> iomem()
{
	const std::string text = read_text("/proc/iomem");
	std::vector<Region> regions;

	for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
		const std::string line = text.substr(at, end - at);
		Region region = {};

		region.depth = int(line.find_first_not_of(' ')) / 2;
		if (sscanf(line.c_str(), " %llx-%llx", &region.start, &region.end) == 2) {
			region.name = line.substr(line.find(" : ") + 3);
			regions.push_back(region);
		}
	}
	return regions;
}

std::string range(unsigned long long base, unsigned long long size)
{
	char text[80];

	snprintf(text, sizeof(text), "base=%#llx size=%#llx", base, size);
	return text;
}

} /* namespace */

FIXTURE(simple)
{
	bool was_slow;
	unsigned long page;
};

FIXTURE_SETUP(simple)
{
	const char *why = no_module("simple", "simpler", "simpler/state");

	if (why)
		SKIP(return, "%s", why);
	self->was_slow = ASSERT_OK(hurry(true));
	self->page = sysconf(_SC_PAGESIZE);
	ASSERT_OK(unload("simple"));
}

FIXTURE_TEARDOWN(simple)
{
	static_cast<void>(unload("simple"));
	EXPECT_VALUE(0, modprobe({ "simple" }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

/* Bug 17: no way through the device to memory that the driver does not own */
TEST_F(simple, memory_is_refused)
{
	KernelLog log;
	int refused = 0;

	for (const Region &region : iomem()) {
		if (region.name != "System RAM" || region.end - region.start < 2 * self->page)
			continue;
		for (unsigned long long base : { region.start, region.end + 1 - self->page }) {
			std::string values = range(base & -self->page, self->page);

			EXPECT_ERRNO(EINVAL, load("simple", values));
			EXPECT_TRUE(log.says(values + " is RAM"));
			refused++;
		}
	}
	EXPECT_FALSE(exists("/dev/simpler"));
	if (!refused)
		SKIP(return, "no RAM in /proc/iomem");
}

TEST_F(simple, what_no_device_has_is_refused)
{
	KernelLog log;
	const std::string hole = range(1ULL << 45, self->page);
	const std::string end = range(-self->page, self->page);

	EXPECT_ERRNO(ENODEV, load("simple", hole));
	EXPECT_TRUE(log.says(hole + " belongs to no PCI card"));
	EXPECT_TRUE(!load("simple", end).ok());
	EXPECT_FALSE(exists("/dev/simpler"));
	EXPECT_EQ(std::string::npos, read_text("/proc/iomem").find("simple"));
	EXPECT_FALSE(log.complains());
}

/* A region of a device that no driver has, such as ivshmem's memory under QEMU. */
TEST_F(simple, a_region_of_a_device)
{
	KernelLog log;
	std::vector<Region> regions = iomem();
	std::string values;

	for (const Region &region : regions) {
		if (region.end - region.start + 1 < 2 * self->page)
			continue;
		values = range(region.start, 2 * self->page);
		if (region.depth && load("simple", values).ok())
			break;
	}
	if (!is_module("simple"))
		SKIP(return, "no device without a driver");
	EXPECT_NE(std::string::npos, read_text("/proc/iomem").find(" : simple\n"));
	for (const char *device : { "simpler", "simplen" }) {
		EXPECT_EQ(2 * long(self->page), attribute(attribute_of(device, "size")));
		EXPECT_TEXT("uc\n", read_text(attribute_of(device, "cache")));
	}
	EXPECT_VALUE(4, put("simplen", "1234"));
	EXPECT_LE(4, count_bytes("simpler", 2 * self->page));
	EXPECT_VALUE(4, put("simpler", std::string(4, '\0')));
	ASSERT_OK(unload("simple"));
	EXPECT_EQ(std::string::npos, read_text("/proc/iomem").find(" : simple\n"));
	EXPECT_FALSE(log.complains());
}

FIXTURE(scull)
{
	bool was_slow;
	long page;
};

FIXTURE_VARIANT(scull)
{
	const char *name;
};

FIXTURE_VARIANT_ADD(scull, scullp) {
	.name = "scullp",
};

FIXTURE_VARIANT_ADD(scull, scullv) {
	.name = "scullv",
};

FIXTURE_SETUP(scull)
{
	const std::string state = std::string(variant->name) + "/" + variant->name + "0/state";
	const char *why = no_module(variant->name, variant->name, state.c_str());

	if (why)
		SKIP(return, "%s", why);
	self->was_slow = ASSERT_OK(hurry(true));
	self->page = sysconf(_SC_PAGESIZE);
	ASSERT_OK(unload(variant->name));
}

FIXTURE_TEARDOWN(scull)
{
	static_cast<void>(unload(variant->name));
	EXPECT_VALUE(0, modprobe({ variant->name }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F(scull, defaults)
{
	const std::string first = std::string(variant->name) + "0";

	ASSERT_VALUE(0, modprobe({ variant->name }));
	EXPECT_EQ(64 << 20, attribute(attribute_of(first, "limit")));
	EXPECT_EQ(variant->name == std::string("scullv") ? 4 : 0,
		  attribute(attribute_of(first, "order")));
	EXPECT_TRUE(exists(node(variant->name) + "3"));
	EXPECT_FALSE(exists(node(variant->name) + "4"));
}

TEST_F(scull, as_many_devices_as_there_may_be)
{
	for (int devices : { 1, 64 }) {
		std::string last = variant->name + std::to_string(devices - 1);

		ASSERT_OK(load(variant->name,
			       "order=2 limit=12345 devices=" + std::to_string(devices)));
		for (int i = 0; i < devices; i++)
			ASSERT_TRUE(exists(node(variant->name) + std::to_string(i)));
		EXPECT_FALSE(exists(node(variant->name) + std::to_string(devices)));
		Fd fd = ASSERT_OK(open_device(last));
		EXPECT_VALUE(12345, fd.write(std::string(20000, 'x')));
		EXPECT_EQ(4 * self->page, attribute(attribute_of(last, "memory")));
		fd.reset();
		ASSERT_OK(unload(variant->name));
	}
}

/* All devices together; what one gives back another may have. */
TEST_F(scull, a_budget_of_memory)
{
	const std::string name = variant->name;
	const long page = self->page;
	char *bad = end_of_memory();
	KernelLog log;

	ASSERT_OK(load(variant->name, "memory=16 order=0"));
	Fd first = ASSERT_OK(open_device(name + "0")), second = ASSERT_OK(open_device(name + "1"));
	EXPECT_VALUE(10 * page, first.write(std::string(10 * page, 'x')));
	EXPECT_ERRNO(EFAULT, second.pwrite(bad, 10, 0));
	EXPECT_VALUE(6 * page, second.write(std::string(7 * page, 'y')));
	EXPECT_ERRNO(ENOSPC, second.write("z"));
	EXPECT_ERRNO(ENOSPC, first.write("z"));
	EXPECT_VALUE(page, first.pwrite(std::string(2 * page, 'z'), 9 * page));
	EXPECT_EQ(16, field_of(debugfs((name + "/" + name + "0/state").c_str()),
			       "memory of all devices"));
	ASSERT_OK(open_device(name + "0", O_WRONLY));
	EXPECT_EQ(6, field_of(debugfs((name + "/" + name + "0/state").c_str()),
			      "memory of all devices"));
	EXPECT_VALUE(10 * page, second.write(std::string(11 * page, 'y')));
	EXPECT_ERRNO(ENOSPC, first.pwrite("z", 0));
	/* A cluster that is too great for what is left takes nothing of it. */
	ASSERT_OK(open_device(name + "1", O_WRONLY));
	ASSERT_OK(write_text(attribute_of(name + "0", "order"), "5"));
	EXPECT_ERRNO(ENOSPC, first.pwrite("z", 0));
	EXPECT_EQ(0, attribute(attribute_of(name + "0", "memory")));
	EXPECT_VALUE(16 * page, second.pwrite(std::string(17 * page, 'y'), 0));
	EXPECT_FALSE(log.complains());
}

/* There is an end long before all memory is gone, and anybody is killed for it. */
TEST_F(scull, a_budget_by_default)
{
	const std::string name = variant->name;
	const std::string state = debugfs((name + "/" + name + "0/state").c_str());

	ASSERT_VALUE(0, modprobe({ variant->name }));
	const std::string text = read_text(state), of = " of ";
	size_t at = text.rfind(of);
	ASSERT_NE(std::string::npos, at);
	long pages = atol(text.c_str() + at + of.size());
	EXPECT_LT(0, pages);
	EXPECT_LE(pages, sysconf(_SC_PHYS_PAGES) / 4 + 1);
}

TEST_HARNESS_MAIN
