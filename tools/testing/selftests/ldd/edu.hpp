/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/edu0: where its PCI device is, how to take it away, and what holds after
 * each test.
 */
#ifndef _LDD_EDU_HPP
#define _LDD_EDU_HPP

#include <filesystem>
#include <string>

#include "bytes.hpp"
#include "device.hpp"
#include "harness.hpp"
#include "mapping.hpp"
#include "module.hpp"

namespace ldd::edu
{
constexpr char path[] = "/dev/edu0";
constexpr char state[] = "/sys/kernel/debug/ldd/edu0/state";
constexpr char driver[] = "/sys/bus/pci/drivers/edu/";
constexpr char timeout[] = "/sys/module/edu/parameters/timeout";
constexpr size_t register_pages = 256;
constexpr unsigned long coherent_pgoff_bytes = EDU_MMAP_COHERENT;

inline Result<Fd> open(int flags = O_RDWR)
{
	return open_file(path, flags);
}

inline std::string sysfs(const char *file)
{
	return attribute_of("edu0", file);
}

/* Like 0000:00:04.0; nothing when there is no such device. */
inline std::string address()
{
	const char *bus = "/sys/bus/pci/devices";

	if (!exists(bus))
		return "";
	for (const auto &entry : std::filesystem::directory_iterator(bus)) {
		std::string device = entry.path().string();

		if (read_text(device + "/vendor") == "0x1234\n" &&
		    read_text(device + "/device") == "0x11e8\n")
			return entry.path().filename().string();
	}
	return "";
}

inline std::string pci(const char *file)
{
	return "/sys/bus/pci/devices/" + address() + "/" + file;
}

/*
 * The device has 28 address lines. Behind an IOMMU that translates, they reach all
 * memory; otherwise the kernel does not even find a place of its own to copy to,
 * where there is more memory than that.
 */
inline bool reaches_memory()
{
	if (read_text(pci("iommu_group/type")).starts_with("DMA"))
		return true;
	std::string text = read_text("/proc/iomem");
	size_t at = text.rfind(" : System RAM");

	at = at == std::string::npos ? at : text.rfind('-', at);
	return at != std::string::npos && strtoull(text.c_str() + at + 1, nullptr, 16) >> 28 == 0;
}

inline const char *why_not()
{
	if (address().empty())
		return "no such PCI device: needs QEMU with -device edu";
	if (!reaches_memory())
		return "out of the device's reach: needs an IOMMU, or 256 MiB of memory at most";
	return ldd::why_not("edu", path, state);
}

inline Result<ssize_t> unbind()
{
	return write_text(std::string(driver) + "unbind", address());
}

inline Result<ssize_t> bind()
{
	return write_text(std::string(driver) + "bind", address());
}

inline Result<ssize_t> set_timeout(int milliseconds)
{
	return write_text(timeout, std::to_string(milliseconds));
}

/* A transfer takes the device 100 ms, and this some seconds at most. */
constexpr __u32 long_factorial = 2000000000;

/* Of a mapping of the registers. */
constexpr size_t irq_status = 0x24, irq_raise = 0x60;

inline volatile __u32 &reg(const Mapping &registers, size_t offset)
{
	return *reinterpret_cast<volatile __u32 *>(registers.page(0) + offset);
}

inline bool computes(const Mapping &registers)
{
	return reg(registers, 0x20) & 1;
}

inline bool transfers(const Mapping &registers)
{
	return reg(registers, 0x98) & 1;
}

inline bool busy()
{
	return field_of(state, "busy") == 1;
}

inline void wait_until_busy()
{
	wait_until(busy);
}

/* Pages that are pinned now, by anybody. */
inline long long pinned_pages()
{
	long long acquired = 0, released = 0;

	/* Have each CPU hand in what it has counted. */
	static_cast<void>(write_text("/proc/sys/vm/stat_refresh", "1"));
	std::string text = read_text("/proc/vmstat");
	size_t at = text.find("nr_foll_pin_acquired ");

	if (at == std::string::npos)
		return -1;
	sscanf(text.c_str() + at, "nr_foll_pin_acquired %lld nr_foll_pin_released %lld", &acquired,
	       &released);
	return acquired - released;
}

inline Result<Mapping> map_registers(const Fd &fd, size_t pages = register_pages)
{
	return map(fd, { .pages = pages });
}

inline Result<Mapping> map_coherent(const Fd &fd, int prot = PROT_READ | PROT_WRITE)
{
	return map(fd, { .pages = 1, .prot = prot, .pgoff = coherent_pgoff_bytes / page_size });
}

/* A request that takes a number, or gives one, or both. */
inline Result<long> number(const Fd &fd, unsigned long request, __u32 value = 0)
{
	Result<int> ret = fd.ioctl(request, &value);
	Call call = { "ioctl", fd.path(), static_cast<long>(request) };

	return ret.ok() ? Result<long>(value, std::move(call))
			: Result<long>::failure(ret.error(), std::move(call));
}

inline Result<int> copy(const Fd &fd, const edu_copy &copy)
{
	return fd.ioctl(EDU_IOC_COPY, &copy);
}

} /* namespace ldd::edu */

/* However a test ended: the device works, and no page is pinned. */
#define EDU_FIXTURE(fixture)                              \
	FIXTURE(fixture) {};                              \
	FIXTURE_SETUP(fixture)                            \
	{                                                 \
		const char *why = ldd::edu::why_not();    \
		if (why)                                  \
			SKIP(return, "%s", why);          \
		ASSERT_EQ(0, ldd::edu::pinned_pages());   \
	}                                                 \
	FIXTURE_TEARDOWN_PARENT(fixture)                  \
	{                                                 \
		EXPECT_EQ(0, ldd::edu::pinned_pages());   \
		EXPECT_OK(ldd::edu::set_timeout(1000));   \
		EXPECT_TRUE(ldd::exists(ldd::edu::path)); \
	}

#endif /* _LDD_EDU_HPP */
