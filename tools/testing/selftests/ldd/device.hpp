/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices under test: how to open them, and what their drivers tell of them.
 */
#ifndef _LDD_DEVICE_HPP
#define _LDD_DEVICE_HPP

#include <linux/ldd.h>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "file.hpp"
#include "task.hpp"

namespace ldd
{
inline Result<Fd> open_device(const std::string &name, int flags = O_RDWR)
{
	return open_file("/dev/" + name, flags);
}

/* An attribute of a device; one that all devices have may be asked for, too. */
inline std::string attribute_of(const std::string &name, const char *attribute)
{
	return "/sys/class/misc/" + name + "/" + attribute;
}

namespace gfifo
{
constexpr char path[] = "/dev/gfifo";
constexpr char state[] = "/sys/kernel/debug/ldd/gfifo/gfifo/state";
constexpr char sysfs[] = "/sys/class/misc/gfifo/";

inline Result<Fd> open(int flags = O_RDWR)
{
	return open_file(path, flags);
}

/* Only those in the wait queue count, not those on the way there. */
inline long long sleeping_readers()
{
	return field_of(state, "sleeping readers");
}

inline long long sleeping_writers()
{
	return field_of(state, "sleeping writers");
}

inline void wait_for_readers(int count)
{
	wait_until([=] { return sleeping_readers() == count; });
}

inline void wait_for_writers(int count)
{
	wait_until([=] { return sleeping_writers() == count; });
}

inline void wait_for_poll(const char *name)
{
	wait_until([=] { return field_of(state, name) == 1; });
}

inline void wait_for_read_poll()
{
	wait_for_poll("polled to read");
}

inline void wait_for_write_poll()
{
	wait_for_poll("polled to write");
}

inline Result<int> queued(const Fd &fd)
{
	int bytes = -1;
	Result<int> ret = fd.ioctl(FIONREAD, &bytes);

	return ret.ok() ? Result<int>(bytes, { "FIONREAD", path }) : std::move(ret);
}

inline Result<long> size(const Fd &fd)
{
	__u32 bytes = 0;
	Result<int> ret = fd.ioctl(GFIFO_IOC_GET_SIZE, &bytes);
	Call call = { "GFIFO_IOC_GET_SIZE", fd.path() };

	return ret.ok() ? Result<long>(bytes, std::move(call))
			: Result<long>::failure(ret.error(), std::move(call));
}

inline Result<int> set_size(const Fd &fd, __u32 bytes)
{
	return fd.ioctl(GFIFO_IOC_SET_SIZE, &bytes);
}

/* Write as many bytes as an empty FIFO holds. */
inline Result<long> fill(const Fd &fd)
{
	Result<long> bytes = size(fd);

	if (!bytes.ok())
		return bytes;
	std::string zeros(bytes.value(), '\0');
	Result<ssize_t> written = fd.write(zeros);

	return result_of<long>(written.ok() ? written.value() : -1, { "fill", path });
}

/* Let bytes run through the empty FIFO until the next one goes to @index of the ring. */
inline Result<long> move_to(const Fd &fd, long index)
{
	Result<long> ring = size(fd);

	if (!ring.ok())
		return ring;
	std::string bytes((index - field_of(state, "head")) & (ring.value() - 1), '\0');
	Result<ssize_t> in = fd.write(bytes);

	if (!in.ok() || take(fd, bytes.size()) != bytes)
		return Result<long>::failure(EIO, { "move_to", path, index });
	return Result<long>(index, { "move_to", path, index });
}

} /* namespace gfifo */

namespace sleepy
{
constexpr char path[] = "/dev/sleepy";
constexpr char state[] = "/sys/kernel/debug/ldd/sleepy/state";
constexpr char sysfs[] = "/sys/class/misc/sleepy/";

inline Result<Fd> open(int flags = O_RDWR)
{
	return open_file(path, flags);
}

inline long long sleepers()
{
	return attribute(std::string(sysfs) + "sleepers");
}

inline void wait_for_sleepers(int count)
{
	wait_until([=] { return sleepers() == count; });
}

inline void wait_for_poll()
{
	wait_until([] { return field_of(state, "polled") == 1; });
}

} /* namespace sleepy */

/* Run modprobe; its exit code. */
inline Result<int> modprobe(std::vector<std::string> args)
{
	Result<Child> child = Child::fork_to([&] {
		std::vector<char *> argv = { const_cast<char *>("modprobe") };

		for (std::string &arg : args)
			argv.push_back(arg.data());
		argv.push_back(nullptr);
		int null = ::open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv.data());
		return 127;
	});

	if (!child.ok())
		return Result<int>::failure(child.error(), { "fork", "" });
	return std::move(child).value().wait();
}

/*
 * Why the device of @module cannot be tested here, or nothing. The module is
 * loaded if it is not.
 */
inline const char *why_not(const char *module, const char *device, const char *state)
{
	if (geteuid())
		return "needs root";
	if (!exists(device))
		static_cast<void>(modprobe({ module }));
	if (!exists(device))
		return "the driver is not there: is it in the kernel's configuration?";
	if (!exists(state))
		return "debugfs is not mounted at /sys/kernel/debug";
	return nullptr;
}

} /* namespace ldd */

#endif /* _LDD_DEVICE_HPP */
