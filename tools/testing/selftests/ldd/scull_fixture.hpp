/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An empty /dev/scullp0 or /dev/scullv0 with clusters of some order, and
 * afterwards an empty one of the order, the limit and the delay it had.
 */
#ifndef _LDD_SCULL_FIXTURE_HPP
#define _LDD_SCULL_FIXTURE_HPP

#include <string>

#include "scull.hpp"

FIXTURE(scull)
{
	long page;
	/* Bytes. */
	long cluster;
	long long old_order;
	long long old_limit;
	long long old_delay;
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
	const char *why = dev.why_not(variant->module);

	if (why)
		SKIP(return, "%s", why);
	self->page = sysconf(_SC_PAGESIZE);
	self->cluster = self->page << variant->order;
	self->old_order = dev.get("order");
	self->old_limit = dev.get("limit");
	self->old_delay = dev.get("delay");
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
	ASSERT_OK(dev.set("delay", self->old_delay));
}

#endif /* _LDD_SCULL_FIXTURE_HPP */
