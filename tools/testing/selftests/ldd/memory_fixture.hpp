/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices that are memory, and what holds for each: one body of tests holds
 * all of them to what they promise alike.
 */
#ifndef _LDD_MEMORY_FIXTURE_HPP
#define _LDD_MEMORY_FIXTURE_HPP

#include <string>
#include <vector>

#include "bytes.hpp"
#include "device.hpp"
#include "harness.hpp"
#include "mapping.hpp"

namespace ldd
{
/*
 * @pages: that it has when a test starts, all of zeros
 * @has_io: read(2) and write(2)
 * @faulting: a mapping is filled when it is touched, and may reach past the end,
 *	grow, or be private; else all of it is there at once, by page numbers
 * @sparse: has a page where something was written, and can be emptied
 * @order: pages come 2^order at a time
 */
struct MemoryDevice {
	const char *module;
	const char *name;
	size_t pages;
	bool has_io;
	bool faulting;
	bool sparse;
	unsigned int order;

	std::string path() const { return std::string("/dev/") + name; }
	size_t bytes() const { return pages * page_size; }
	Result<Fd> open(int flags = O_RDWR) const { return open_file(path(), flags); }

	std::string sysfs(const char *file) const
	{
		return std::string("/sys/class/misc/") + name + "/" + file;
	}

	Result<long> mappings() const
	{
		return result_of(static_cast<long>(attribute(sysfs("mappings"))),
				 { "mappings", name });
	}

	/* Long enough to be cut into pieces. */
	size_t many() const { return faulting && pages < 4 ? 4 : pages; }

	const char *why_not() const
	{
		/* Those of scull are in a directory of the driver. */
		std::string directory = std::string(sparse ? module : "") + (sparse ? "/" : "");

		return ldd::why_not(
			module, path().c_str(),
			("/sys/kernel/debug/ldd/" + directory + name + "/state").c_str());
	}

	/* Nothing in it, and no page. */
	Result<ssize_t> empty(unsigned int new_order) const
	{
		Result<Fd> fd = open(O_RDWR | O_TRUNC);

		if (!fd.ok())
			return Result<ssize_t>::failure(fd.error(), { "empty", name });
		return write_text(sysfs("order"), std::to_string(new_order));
	}

	/* As it is when the module has been loaded. */
	Result<ssize_t> reset() const
	{
		return empty(attribute(std::string("/sys/module/") + module + "/parameters/order"));
	}

	Result<ssize_t> fill(std::string_view text) const
	{
		Result<Fd> fd = open();

		if (!fd.ok())
			return Result<ssize_t>::failure(fd.error(), { "open", name });
		if (has_io)
			return fd.value().pwrite(text, 0);
		Result<Mapping> mapping = map(fd.value(), { .pages = pages });
		if (!mapping.ok())
			return Result<ssize_t>::failure(mapping.error(), { "mmap", name });
		mapping.value().put(text);
		return Result<ssize_t>(text.size(), { "fill", name });
	}

	Result<ssize_t> prepare() const
	{
		if (sparse) {
			Result<ssize_t> ret = empty(order);

			if (!ret.ok())
				return ret;
		}
		return fill(std::string(bytes(), '\0'));
	}
};

/*
 * Leave other data than zeros in a good part of the memory that is free: in pages
 * like those that drivers get, and by copies in the kernel, which are fast.
 */
inline Result<ssize_t> dirty_memory()
{
	const std::string dirt(1UL << 20, '\xa5');
	Result<ssize_t> ret(0, { "dirty_memory", "" });
	std::vector<Pipe> pipes;

	for (int i = 0; i < 48 && ret.ok(); i++) {
		Result<Pipe> pipe = Pipe::make();

		if (!pipe.ok())
			return Result<ssize_t>::failure(pipe.error(), { "pipe", "" });
		pipes.push_back(std::move(pipe).value());
		static_cast<void>(pipes.back().wr.fcntl(F_SETPIPE_SZ, int(dirt.size())));
		static_cast<void>(pipes.back().wr.fcntl(F_SETFL, O_NONBLOCK));
		ret = pipes.back().wr.write(dirt);
	}
	return ret;
}

namespace devices
{
constexpr MemoryDevice gmemp = {
	.module = "gmemp",
	.name = "gmemp",
	.pages = 1,
	.has_io = true,
	.faulting = true,
	.sparse = false,
	.order = 0,
};

constexpr MemoryDevice my_demo_dev = {
	.module = "my_demo_dev",
	.name = "my_demo_dev",
	.pages = 10,
	.has_io = true,
	.faulting = false,
	.sparse = false,
	.order = 0,
};

constexpr MemoryDevice kmalloc_map = {
	.module = "kmalloc_map",
	.name = "kmalloc_map",
	.pages = 10,
	.has_io = true,
	.faulting = false,
	.sparse = false,
	.order = 0,
};

constexpr MemoryDevice simpler = {
	.module = "simple",
	.name = "simpler",
	.pages = 16,
	.has_io = false,
	.faulting = false,
	.sparse = false,
	.order = 0,
};

constexpr MemoryDevice simplen = {
	.module = "simple",
	.name = "simplen",
	.pages = 16,
	.has_io = false,
	.faulting = true,
	.sparse = false,
	.order = 0,
};

constexpr MemoryDevice scullp = {
	.module = "scullp",
	.name = "scullp0",
	.pages = 12,
	.has_io = true,
	.faulting = true,
	.sparse = true,
	.order = 0,
};

constexpr MemoryDevice scullv = {
	.module = "scullv",
	.name = "scullv0",
	.pages = 12,
	.has_io = true,
	.faulting = true,
	.sparse = true,
	.order = 0,
};

constexpr MemoryDevice scullv_order_2 = {
	.module = "scullv",
	.name = "scullv1",
	.pages = 12,
	.has_io = true,
	.faulting = true,
	.sparse = true,
	.order = 2,
};

} /* namespace devices */
} /* namespace ldd */

/*
 * A fixture of this name, whose variants are devices. However a test ended, the
 * teardown finds its process gone, and with that all mappings.
 */
#define MEMORY_FIXTURE(fixture)                               \
	FIXTURE(fixture) {};                                  \
	FIXTURE_VARIANT(fixture)                              \
	{                                                     \
		const ldd::MemoryDevice *device;              \
	};                                                    \
	FIXTURE_SETUP(fixture)                                \
	{                                                     \
		const char *why = variant->device->why_not(); \
		if (why)                                      \
			SKIP(return, "%s", why);              \
		ASSERT_VALUE(0, variant->device->mappings()); \
		ASSERT_OK(variant->device->prepare());        \
	}                                                     \
	FIXTURE_TEARDOWN_PARENT(fixture)                      \
	{                                                     \
		EXPECT_VALUE(0, variant->device->mappings()); \
		if (variant->device->sparse) {                \
			EXPECT_OK(variant->device->reset());  \
		}                                             \
	}

#define MEMORY_VARIANT(fixture, of)          \
	FIXTURE_VARIANT_ADD(fixture, of)     \
	{                                    \
		.device = &ldd::devices::of, \
	}

#define SPARSE_DEVICES(fixture)          \
	MEMORY_VARIANT(fixture, scullp); \
	MEMORY_VARIANT(fixture, scullv); \
	MEMORY_VARIANT(fixture, scullv_order_2)

#define FAULTING_DEVICES(fixture)         \
	MEMORY_VARIANT(fixture, gmemp);   \
	MEMORY_VARIANT(fixture, simplen); \
	SPARSE_DEVICES(fixture)

#define AT_ONCE_DEVICES(fixture)              \
	MEMORY_VARIANT(fixture, my_demo_dev); \
	MEMORY_VARIANT(fixture, kmalloc_map); \
	MEMORY_VARIANT(fixture, simpler)

#define DEVICES_WITH_IO(fixture)              \
	MEMORY_VARIANT(fixture, gmemp);       \
	MEMORY_VARIANT(fixture, my_demo_dev); \
	MEMORY_VARIANT(fixture, kmalloc_map); \
	SPARSE_DEVICES(fixture)

#define ALL_DEVICES(fixture)       \
	FAULTING_DEVICES(fixture); \
	AT_ONCE_DEVICES(fixture)

#endif /* _LDD_MEMORY_FIXTURE_HPP */
