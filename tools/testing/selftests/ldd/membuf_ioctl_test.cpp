// SPDX-License-Identifier: GPL-2.0
/*
 * gmemp, my_demo_dev and kmalloc_map: their requests, from 64-bit and 32-bit
 * callers. The others have none.
 */
#include <vector>

#include "bytes.hpp"
#include "compat.hpp"
#include "device.hpp"
#include "harness.hpp"

using namespace ldd;

namespace
{
const char *missing(const char *module, const std::string &device)
{
	return why_not(module, ("/dev/" + device).c_str(), "/sys/kernel/debug/ldd");
}

} /* namespace */

FIXTURE(clear)
{
	long page;
};

FIXTURE_VARIANT(clear)
{
	unsigned long request;
};

FIXTURE_VARIANT_ADD(clear, encoded) {
	.request = GMEMP_IOC_CLEAR,
};

FIXTURE_VARIANT_ADD(clear, raw) {
	.request = 0x1,
};

FIXTURE_SETUP(clear)
{
	const char *why = missing("gmemp", "gmemp");

	if (why)
		SKIP(return, "%s", why);
	self->page = sysconf(_SC_PAGESIZE);
	Fd fd = ASSERT_OK(open_device("gmemp"));
	ASSERT_VALUE(self->page, fd.write(pattern(self->page, 1)));
}

FIXTURE_TEARDOWN(clear)
{
	Fd fd = ASSERT_OK(open_device("gmemp"));

	ASSERT_OK(fd.ioctl(GMEMP_IOC_CLEAR));
}

TEST_F(clear, leaves_zeros)
{
	Fd fd = ASSERT_OK(open_device("gmemp")), other = ASSERT_OK(open_device("gmemp"));

	EXPECT_TRUE(take(fd, self->page) == pattern(self->page, 1));
	EXPECT_VALUE(0, other.ioctl(variant->request));
	EXPECT_TRUE(take_at(fd, self->page, 0) == std::string(self->page, '\0'));
	EXPECT_VALUE(self->page, fd.seek(0, SEEK_CUR));
}

TEST_F(clear, callers_of_32_bits)
{
	Fd fd = ASSERT_OK(open_device("gmemp"));

	if (!have_call32())
		SKIP(return, "this kernel has no 32-bit system calls");
	EXPECT_VALUE(0, ioctl32(fd, variant->request, nullptr));
	EXPECT_TRUE(take(fd, self->page) == std::string(self->page, '\0'));
	EXPECT_ERRNO(ENOTTY, ioctl32(fd, 3, nullptr));
}

FIXTURE(get_size)
{
	unsigned long size;
};

FIXTURE_VARIANT(get_size)
{
	const char *name;
	unsigned long request;
	/* Of what a 32-bit caller gets. */
	size_t width32;
};

FIXTURE_VARIANT_ADD(get_size, my_demo_dev_encoded) {
	.name = "my_demo_dev",
	.request = LDD_BUFFER_IOC_GET_SIZE,
	.width32 = 8,
};

FIXTURE_VARIANT_ADD(get_size, my_demo_dev_raw) {
	.name = "my_demo_dev",
	.request = 1,
	.width32 = 4,
};

FIXTURE_VARIANT_ADD(get_size, kmalloc_map_encoded) {
	.name = "kmalloc_map",
	.request = LDD_BUFFER_IOC_GET_SIZE,
	.width32 = 8,
};

FIXTURE_VARIANT_ADD(get_size, kmalloc_map_raw) {
	.name = "kmalloc_map",
	.request = 1,
	.width32 = 4,
};

FIXTURE_SETUP(get_size)
{
	const char *why = missing(variant->name, variant->name);

	if (why)
		SKIP(return, "%s", why);
	self->size = 10 * sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN(get_size) {}

TEST_F(get_size, stores_it)
{
	Fd fd = ASSERT_OK(open_device(variant->name, O_RDONLY));
	unsigned long sizes[] = { ~0UL, ~0UL, ~0UL };

	EXPECT_VALUE(0, fd.ioctl(variant->request, &sizes[1]));
	EXPECT_EQ(~0UL, sizes[0]);
	EXPECT_EQ(self->size, sizes[1]);
	EXPECT_EQ(~0UL, sizes[2]);
}

TEST_F(get_size, bad_pointers)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	char *bad = end_of_memory();

	EXPECT_ERRNO(EFAULT, fd.ioctl(variant->request, nullptr));
	EXPECT_ERRNO(EFAULT, fd.ioctl(variant->request, bad));
	EXPECT_ERRNO(EFAULT, fd.ioctl(variant->request, 1L << 63));
}

TEST_F(get_size, callers_of_32_bits)
{
	Fd fd = ASSERT_OK(open_device(variant->name));
	const std::string untouched(16, '\xff');
	std::string wanted = untouched;

	if (!have_call32())
		SKIP(return, "this kernel has no 32-bit system calls");
	char *mem = memory32(4096);
	ASSERT_TRUE(mem != nullptr);
	untouched.copy(mem, 16);
	EXPECT_VALUE(0, ioctl32(fd, variant->request, mem + 4));
	/* Little endian, as all who have such calls are. */
	wanted.replace(4, variant->width32, reinterpret_cast<char *>(&self->size),
		       variant->width32);
	EXPECT_TRUE(std::string(mem, 16) == wanted);
	EXPECT_ERRNO(EFAULT, ioctl32(fd, variant->request, nullptr));
	EXPECT_ERRNO(ENOTTY, ioctl32(fd, 3, mem));
}

/* Numbers of other drivers, of other directions and sizes, and of nobody. */
TEST(unknown_requests)
{
	const std::vector<unsigned long> all = { 0, 1, GMEMP_IOC_CLEAR, LDD_BUFFER_IOC_GET_SIZE };
	const std::vector<unsigned long> not_gmemp = { 0, 3, LDD_BUFFER_IOC_GET_SIZE,
						       _IOR(LDD_IOC_MAGIC, 0x11, __u64) };
	const std::vector<unsigned long> not_buffer = { 0,
							3,
							GMEMP_IOC_CLEAR,
							GFIFO_IOC_GET_SIZE,
							_IOW(LDD_IOC_MAGIC, 0x21, __u64),
							_IOR(LDD_IOC_MAGIC, 0x21, __u32) };
	const struct {
		const char *module, *device;
		const std::vector<unsigned long> &requests;
	} devices[] = {
		{ "gmemp", "gmemp", not_gmemp },
		{ "my_demo_dev", "my_demo_dev", not_buffer },
		{ "kmalloc_map", "kmalloc_map", not_buffer },
		{ "simple", "simpler", all },
		{ "simple", "simplen", all },
		{ "scullp", "scullp0", all },
		{ "scullv", "scullv0", all },
	};
	__u64 arg = 0;

	for (const auto &[module, device, requests] : devices) {
		const char *why = missing(module, device);

		if (why)
			SKIP(return, "%s: %s", device, why);
		Fd fd = ASSERT_OK(open_device(device));
		for (unsigned long request : requests) {
			EXPECT_ERRNO(ENOTTY, fd.ioctl(request, &arg));
		}
	}
	EXPECT_EQ(0ULL, arg);
}

TEST_HARNESS_MAIN
