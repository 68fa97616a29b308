/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An empty /dev/scullp0 or /dev/scullv0 with clusters of some order, and
 * afterwards an empty one of the order and the limit it had.
 */
#ifndef _LDD_SCULL_FIXTURE_HPP
#define _LDD_SCULL_FIXTURE_HPP

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

private:
	std::string name_;
};

} /* namespace ldd */

FIXTURE(scull)
{
	long page;
	/* Bytes. */
	long cluster;
	long long old_order;
	long long old_limit;
};

FIXTURE_VARIANT(scull)
{
	const char *module;
	const char *device;
	int order;
};

FIXTURE_VARIANT_ADD(scull, scullp_order_0) {
	.module = "scullp",
	.device = "scullp0",
	.order = 0,
};

FIXTURE_VARIANT_ADD(scull, scullp_order_2) {
	.module = "scullp",
	.device = "scullp0",
	.order = 2,
};

FIXTURE_VARIANT_ADD(scull, scullv_order_0) {
	.module = "scullv",
	.device = "scullv0",
	.order = 0,
};

FIXTURE_VARIANT_ADD(scull, scullv_order_3) {
	.module = "scullv",
	.device = "scullv0",
	.order = 3,
};

FIXTURE_SETUP(scull)
{
	const ldd::Scull dev(variant->device);
	const std::string node = std::string("/dev/") + variant->device;
	const std::string state = std::string("/sys/kernel/debug/ldd/") + variant->module + "/" +
				  variant->device + "/state";
	const char *why = ldd::why_not(variant->module, node.c_str(), state.c_str());

	if (why)
		SKIP(return, "%s", why);
	self->page = sysconf(_SC_PAGESIZE);
	self->cluster = self->page << variant->order;
	self->old_order = dev.get("order");
	self->old_limit = dev.get("limit");
	ASSERT_OK(dev.empty());
	ASSERT_OK(dev.set("order", variant->order));
}

FIXTURE_TEARDOWN(scull)
{
	const ldd::Scull dev(variant->device);

	ASSERT_OK(dev.empty());
	ASSERT_EQ(0, dev.memory());
	ASSERT_OK(dev.set("order", self->old_order));
	ASSERT_OK(dev.set("limit", self->old_limit));
}

#endif /* _LDD_SCULL_FIXTURE_HPP */
