/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading and unloading of modules, and what the kernel says to it.
 */
#ifndef _LDD_MODULE_HPP
#define _LDD_MODULE_HPP

#include <cstdio>
#include <map>
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

/* Where the file of a module is; asked once for each, as that takes a while. */
inline const std::string &module_file(const std::string &name)
{
	static std::map<std::string, std::string> files;
	std::string &path = files[name];

	if (!path.empty())
		return path;
	FILE *out = popen(("modprobe --show-depends " + name).c_str(), "r");
	char line[4096] = {}, file[4096] = {};

	/* The last line is that of the module itself. */
	while (out && fgets(line, sizeof(line), out))
		sscanf(line, "insmod %4095s", file);
	if (out)
		pclose(out);
	return path = file;
}

/*
 * Load a module, and say why that fails: modprobe does not tell its errors apart.
 * What it depends on is loaded already.
 */
inline Result<long> load(const std::string &name, const std::string &parameters = "")
{
	Result<Fd> file = open_file(module_file(name), O_RDONLY);
	Call call = { "finit_module", name + " " + parameters };

	if (!file.ok())
		return Result<long>::failure(file.error(), std::move(call));
	return result_of(syscall(SYS_finit_module, file.value().get(), parameters.c_str(), 0),
			 std::move(call));
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
		for (unsigned int round = 0;; round++) {
			use(round % devices);
			/* An unload needs a moment at which nobody has it open. */
			sched_yield();
		}
		return 0;
	});
}

} /* namespace ldd */

#endif /* _LDD_MODULE_HPP */
