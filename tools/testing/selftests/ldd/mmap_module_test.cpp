// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings and modules: none is unloaded while its memory is mapped, and what a
 * fresh one shows is nobody's old data.
 */
#include <string>

#include "memory_fixture.hpp"
#include "module.hpp"

using namespace ldd;

FIXTURE(module)
{
	bool was_slow;
};

FIXTURE_VARIANT(module)
{
	const MemoryDevice *device;
};

MEMORY_VARIANT(module, gmemp);
MEMORY_VARIANT(module, my_demo_dev);
MEMORY_VARIANT(module, kmalloc_map);
MEMORY_VARIANT(module, simpler);
MEMORY_VARIANT(module, simplen);
MEMORY_VARIANT(module, scullp);
MEMORY_VARIANT(module, scullv);

FIXTURE_SETUP(module)
{
	const MemoryDevice &device = *variant->device;
	const char *why = device.why_not();

	if (why)
		SKIP(return, "%s", why);
	if (!is_module(device.module))
		SKIP(return, "the driver is built into the kernel");
	if (!have_modprobe)
		SKIP(return, "modprobe does not find the modules");
	self->was_slow = ASSERT_OK(hurry(true));
	ASSERT_VALUE(0, device.mappings());
	ASSERT_OK(device.prepare());
}

FIXTURE_TEARDOWN_PARENT(module)
{
	if (!is_module(variant->device->module)) {
		EXPECT_VALUE(0, modprobe({ variant->device->module }));
	}
	EXPECT_VALUE(0, variant->device->mappings());
	if (variant->device->sparse) {
		EXPECT_OK(variant->device->empty(0));
	}
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

/* Bug 18 */
TEST_F(module, a_mapping_keeps_the_module)
{
	const MemoryDevice &device = *variant->device;
	const std::string refs = std::string("/sys/module/") + device.module + "/refcnt";
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));

	fd.reset();
	/* Ask first: after an unload that should have failed, the next access is fatal. */
	ASSERT_EQ(1, attribute(refs));
	EXPECT_ERRNO(EWOULDBLOCK, unload(device.module));
	EXPECT_VALUE(1, modprobe({ "-r", device.module }));
	EXPECT_EQ('x', Access::store(mapping.page(0), 'x'));
	mapping.reset();
	EXPECT_EQ(0, attribute(refs));
	EXPECT_OK(unload(device.module));
	EXPECT_FALSE(exists(device.path()));
}

/* So does what is left of one in another process. */
TEST_F(module, a_part_of_a_mapping_in_a_child_keeps_the_module)
{
	const MemoryDevice &device = *variant->device;
	const std::string refs = std::string("/sys/module/") + device.module + "/refcnt";
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));
	Pipe ready = ASSERT_OK(Pipe::make()), done = ASSERT_OK(Pipe::make());
	Child child = ASSERT_OK(Child::fork_to([&] {
		done.wr.reset();
		fd.reset();
		static_cast<void>(unmap(mapping, 1, device.many() - 1));
		static_cast<void>(ready.wr.write("1"));
		take(done.rd, 1);
		return Access::load(mapping.page(0));
	}));

	EXPECT_TEXT("1", take(ready.rd, 1));
	fd.reset();
	mapping.reset();
	EXPECT_VALUE(1, device.mappings());
	ASSERT_EQ(1, attribute(refs));
	EXPECT_ERRNO(EWOULDBLOCK, unload(device.module));
	done.wr.reset();
	EXPECT_VALUE(0, child.wait());
	EXPECT_EQ(0, attribute(refs));
}

/* Bug 10: the memory of a fresh device was somebody's a moment ago. */
TEST_F(module, fresh_pages_are_zero)
{
	const MemoryDevice &device = *variant->device;

	ASSERT_OK(device.fill(std::string(device.bytes(), 'x')));
	ASSERT_OK(unload(device.module));
	ASSERT_OK(dirty_memory());
	ASSERT_VALUE(0, modprobe({ device.module }));
	Fd fd = ASSERT_OK(device.open());
	for (size_t i = 0; device.sparse && i < device.pages; i++)
		ASSERT_VALUE(1, fd.pwrite(std::string(1, '\0'), i * page_size));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	EXPECT_TRUE(std::string(device.bytes(), '\0') == mapping.text());
}

TEST_HARNESS_MAIN
