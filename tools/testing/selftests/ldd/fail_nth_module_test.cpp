// SPDX-License-Identifier: GPL-2.0
/*
 * Modules that load while memory runs out: at whatever place that is, nothing is left
 * of a module that did not load, and the next try finds all as it was.
 */
#include <string>
#include <sys/syscall.h>

#include "faults.hpp"
#include "harness.hpp"
#include "module.hpp"

using namespace ldd;

FIXTURE(fail_nth_module)
{
	bool was_slow;
};

FIXTURE_VARIANT(fail_nth_module)
{
	const char *name, *parameters;
	/* Of its last device, below /dev and below the directory in debugfs. */
	const char *node, *state;
};

FIXTURE_VARIANT_ADD(fail_nth_module, sleepy) {
	.name = "sleepy",
	.parameters = "",
	.node = "sleepy",
	.state = "sleepy",
};

FIXTURE_VARIANT_ADD(fail_nth_module, gfifo) {
	.name = "gfifo",
	.parameters = "devices=2",
	.node = "gfifo1",
	.state = "gfifo",
};

FIXTURE_VARIANT_ADD(fail_nth_module, gmemp) {
	.name = "gmemp",
	.parameters = "",
	.node = "gmemp",
	.state = "gmemp",
};

FIXTURE_VARIANT_ADD(fail_nth_module, my_demo_dev) {
	.name = "my_demo_dev",
	.parameters = "",
	.node = "my_demo_dev",
	.state = "my_demo_dev",
};

FIXTURE_VARIANT_ADD(fail_nth_module, kmalloc_map) {
	.name = "kmalloc_map",
	.parameters = "",
	.node = "kmalloc_map",
	.state = "kmalloc_map",
};

FIXTURE_VARIANT_ADD(fail_nth_module, simple) {
	.name = "simple",
	.parameters = "",
	.node = "simplen",
	.state = "simplen",
};

FIXTURE_VARIANT_ADD(fail_nth_module, scullp) {
	.name = "scullp",
	.parameters = "devices=2",
	.node = "scullp1",
	.state = "scullp",
};

FIXTURE_VARIANT_ADD(fail_nth_module, scullv) {
	.name = "scullv",
	.parameters = "devices=1",
	.node = "scullv0",
	.state = "scullv",
};

FIXTURE_SETUP(fail_nth_module)
{
	const char *why = Faults::why_not();

	if (!why && !have_modprobe)
		why = "modprobe does not find the modules";
	if (why)
		SKIP(return, "%s", why);
	if (!is_module(variant->name)) {
		ASSERT_VALUE(0, modprobe({ variant->name }));
	}
	self->was_slow = ASSERT_OK(hurry(true));
	ASSERT_OK(unload(variant->name));
}

FIXTURE_TEARDOWN(fail_nth_module)
{
	if (is_module(variant->name)) {
		EXPECT_OK(unload(variant->name));
	}
	EXPECT_VALUE(0, modprobe({ variant->name }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

/* Bug 16, on the way in: what has been set up is taken down in reverse order. */
TEST_F_TIMEOUT(fail_nth_module, load, 200)
{
	const std::string state = std::string("/sys/kernel/debug/ldd/") + variant->state;
	const std::string node = std::string("/dev/") + variant->node;
	Fd file = ASSERT_OK(open_file(module_file(variant->name), O_RDONLY));
	int refused = 0;
	KernelLog log;

	for (Faults faults; faults.next();) {
		Result<long> ret = faults.during("finit_module", [&] {
			return syscall(SYS_finit_module, file.get(), variant->parameters, 0);
		});

		/* Much of it can do without: debugfs, the link of a name, a probe. */
		if (ret.ok()) {
			ASSERT_OK(unload(variant->name));
		} else {
			EXPECT_TRUE(is_fault(ret.error()))
			TH_LOG("%s", ret.text().c_str());
			refused++;
		}
		ASSERT_FALSE(is_module(variant->name));
		ASSERT_FALSE(exists(node));
		ASSERT_FALSE(exists(state));
	}
	EXPECT_LT(0, refused);
	EXPECT_FALSE(log.complains());
}

TEST_HARNESS_MAIN
