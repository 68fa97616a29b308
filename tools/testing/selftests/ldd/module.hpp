/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading and unloading of modules, and what the kernel says to it.
 */
#ifndef _LDD_MODULE_HPP
#define _LDD_MODULE_HPP

#include <string>
#include <sys/syscall.h>
#include <vector>

#include "device.hpp"

namespace ldd
{
/* Found out once, before the tests start. */
inline const bool have_modprobe = [] {
	Result<int> status = modprobe({ "--dry-run", "gfifo" });

	return status.ok() && status.value() == 0;
}();

inline bool is_module(const std::string &name)
{
	return exists("/sys/module/" + name + "/initstate");
}

inline Result<long> unload(const char *name)
{
	return result_of(syscall(SYS_delete_module, name, O_NONBLOCK), { "delete_module", name });
}

/* With other processes at the device, it is in use now and then. */
inline Result<long> unload_between(const char *name)
{
	for (;;) {
		Result<long> ret = unload(name);

		if (ret.error() != EWOULDBLOCK && ret.error() != EBUSY)
			return ret;
		sched_yield();
	}
}

/* What the kernel says from now on. */
class KernelLog {
public:
	KernelLog() : fd_(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), "/dev/kmsg")
	{
		lseek(fd_.get(), 0, SEEK_END);
	}

	bool is_open() const { return fd_.get() >= 0; }

	/* All of it so far. */
	std::string text()
	{
		char line[8192];
		Result<ssize_t> got = fd_.read(line, sizeof(line));

		while (got.ok() || got.error() == EPIPE) {
			if (got.ok())
				text_.append(line, got.value());
			got = fd_.read(line, sizeof(line));
		}
		return text_;
	}

	bool says(const std::string &what) { return text().find(what) != std::string::npos; }

	/* Has a check of the kernel's gone off? */
	bool complains()
	{
		for (const char *what :
		     { "BUG:", "kernel BUG", "Oops", "WARNING:", "Poison", "corruption" }) {
			if (says(what))
				return true;
		}
		return false;
	}

private:
	Fd fd_;
	std::string text_;
};

/*
 * An unload waits for RCU several times over; let it not take that long. Returns
 * whether that was another way before.
 */
inline Result<bool> hurry(bool on)
{
	const char *rcu_expedited = "/sys/kernel/rcu_expedited";
	bool change = attribute(rcu_expedited) == !on;
	Call call = { "hurry", rcu_expedited, on };

	if (!change)
		return Result<bool>(false, std::move(call));
	Result<ssize_t> ret = write_text(rcu_expedited, on ? "1" : "0");
	return ret.ok() ? Result<bool>(true, std::move(call))
			: Result<bool>::failure(ret.error(), std::move(call));
}

/* A process that does @use to one device after the other until it is ended. */
template <typename F> Result<Child> user_of(int devices, F use)
{
	return Child::fork_to([=] {
		for (unsigned int round = 0;; round++)
			use(round % devices);
		return 0;
	});
}

} /* namespace ldd */

#endif /* _LDD_MODULE_HPP */
