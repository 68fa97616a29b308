// SPDX-License-Identifier: GPL-2.0
/*
 * How my_demo_dev and kmalloc_map are cached: the user's mapping and the kernel's
 * own one must agree. The page tables themselves are asked, through debugfs.
 */
#include <string>

#include "memory_fixture.hpp"
#include "module.hpp"
#include "page_tables.hpp"

using namespace ldd;

FIXTURE(cache)
{
	bool was_slow;
};

/* @flag: what page tables then say. */
FIXTURE_VARIANT(cache)
{
	const MemoryDevice *device;
	const char *parameter;
	const char *name;
	const char *flag;
};

/* What it is unless one asks for something else. */
FIXTURE_VARIANT_ADD(cache, my_demo_dev_uncached) {
	.device = &devices::my_demo_dev,
	.parameter = "",
	.name = "uc\n",
	.flag = "PCD",
};

FIXTURE_VARIANT_ADD(cache, my_demo_dev_write_combining) {
	.device = &devices::my_demo_dev,
	.parameter = "cache=wc",
	.name = "wc\n",
	.flag = "PWT",
};

FIXTURE_VARIANT_ADD(cache, my_demo_dev_write_back) {
	.device = &devices::my_demo_dev,
	.parameter = "cache=wb",
	.name = "wb\n",
	.flag = "",
};

FIXTURE_VARIANT_ADD(cache, kmalloc_map_uncached) {
	.device = &devices::kmalloc_map,
	.parameter = "cache=uc",
	.name = "uc\n",
	.flag = "PCD",
};

FIXTURE_SETUP(cache)
{
	const char *why = variant->device->why_not();

	if (why)
		SKIP(return, "%s", why);
	if (!exists(page_tables::path))
		SKIP(return, "no %s: needs x86 and CONFIG_PTDUMP_DEBUGFS", page_tables::path);
	if (!is_module(variant->device->module) || !have_modprobe)
		SKIP(return, "needs modules, to load them with parameters");
	self->was_slow = ASSERT_OK(hurry(true));
}

FIXTURE_TEARDOWN_PARENT(cache)
{
	if (is_module(variant->device->module)) {
		EXPECT_OK(unload(variant->device->module));
	}
	EXPECT_VALUE(0, modprobe({ variant->device->module }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F_TIMEOUT(cache, all_mappings_agree, 90)
{
	const MemoryDevice &device = *variant->device;

	ASSERT_OK(unload(device.module));
	ASSERT_OK(load(device.module, variant->parameter));
	EXPECT_TEXT(variant->name, read_text(device.sysfs("cache")));
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	/* Protection that is taken away and given back does not touch that. */
	EXPECT_OK(protect(mapping, 1, 2, PROT_NONE));
	EXPECT_OK(protect(mapping, 1, 2, PROT_READ | PROT_WRITE));
	page_tables::Dump with;
	EXPECT_TEXT(variant->flag, with.cache_of(mapping));

	mapping.reset();
	fd.reset();
	ASSERT_OK(unload(device.module));
	/* The next owner of the memory gets it cached, as all memory is. */
	page_tables::Dump without;
	for (const char *flag : { "PCD", "PWT" }) {
		const bool chosen = !strcmp(flag, variant->flag);

		EXPECT_EQ(without.direct_map(flag) + (chosen ? device.bytes() : 0),
			  with.direct_map(flag));
	}
}

TEST_HARNESS_MAIN
