/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/scullp* and /dev/scullv*: how to open one, and its attributes.
 */
#ifndef _LDD_SCULL_HPP
#define _LDD_SCULL_HPP

#include <string>

#include "device.hpp"
#include "harness.hpp"

namespace ldd
{
/* A device by its name, and its attributes. */
class Scull {
public:
	explicit Scull(std::string name) : name_(std::move(name)) {}

	Result<Fd> open(int flags = O_RDWR) const { return open_device(name_, flags); }
	Result<Fd> empty() const { return open(O_RDWR | O_TRUNC); }
	const std::string &name() const { return name_; }

	long long get(const char *what) const { return attribute(attribute_of(name_, what)); }
	long long size() const { return get("size"); }
	/* Bytes that its clusters take. */
	long long memory() const { return get("memory"); }

	Result<ssize_t> set(const char *what, const std::string &value) const
	{
		return write_text(attribute_of(name_, what), value);
	}

	Result<ssize_t> set(const char *what, long long value) const
	{
		return set(what, std::to_string(value));
	}

	const char *why_not(const std::string &module) const
	{
		const std::string state =
			"/sys/kernel/debug/ldd/" + module + "/" + name_ + "/state";

		return ldd::why_not(module.c_str(), ("/dev/" + name_).c_str(), state.c_str());
	}

private:
	std::string name_;
};

} /* namespace ldd */

#endif /* _LDD_SCULL_HPP */
