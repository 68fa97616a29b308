// SPDX-License-Identifier: GPL-2.0
/*
 * edu taken away while it is in use: by its driver's leaving it, and by being
 * pulled out of the machine. Whoever still has it gets ENODEV or SIGBUS.
 */
#include <string>
#include <vector>

#include "edu.hpp"

using namespace ldd;

EDU_FIXTURE(edu_remove);

/* How it goes, and comes back. */
FIXTURE_VARIANT(edu_remove)
{
	bool pulled;
};

FIXTURE_VARIANT_ADD(edu_remove, unbound) {
	.pulled = false,
};

FIXTURE_VARIANT_ADD(edu_remove, pulled) {
	.pulled = true,
};

namespace
{
Result<ssize_t> take_away(bool pulled)
{
	return pulled ? write_text(edu::pci("remove"), "1") : edu::unbind();
}

Result<ssize_t> bring_back(bool pulled)
{
	return pulled ? write_text("/sys/bus/pci/rescan", "1") : edu::bind();
}

/* The device in a new life, in which it has its old name. */
bool works()
{
	Result<Fd> fd = edu::open();

	return fd.ok() && edu::number(fd.value(), EDU_IOC_FACTORIAL, 5).value() == 120 &&
	       fd.value().pwrite("works", 0).ok() && take_at(fd.value(), 5, 0) == "works";
}

} /* namespace */

TEST_F(edu_remove, with_a_file_open)
{
	const unsigned long pgoff = EDU_MMAP_COHERENT / page_size;
	Fd fd = ASSERT_OK(edu::open());
	Fd impatient = ASSERT_OK(edu::open(O_RDWR | O_NONBLOCK));
	char byte = 'x';

	ASSERT_OK(take_away(variant->pulled));
	EXPECT_FALSE(exists(edu::path));
	EXPECT_FALSE(exists(edu::state));
	for (const Fd *f : { &fd, &impatient }) {
		EXPECT_ERRNO(ENODEV, f->read(&byte, 1));
		EXPECT_ERRNO(ENODEV, f->read(&byte, 0));
		EXPECT_ERRNO(ENODEV, f->write("x"));
		EXPECT_ERRNO(ENODEV, f->seek(0));
		for (unsigned long request : { EDU_IOC_GET_ID, EDU_IOC_LIVENESS, EDU_IOC_FACTORIAL,
					       EDU_IOC_RAISE_IRQ, EDU_IOC_TAKE_IRQS })
			EXPECT_ERRNO(ENODEV, edu::number(*f, request, 2));
		EXPECT_ERRNO(ENODEV, edu::copy(*f, { 0, 0, 1, 0 }));
		EXPECT_ERRNO(ENODEV, f->ioctl(0));
		EXPECT_ERRNO(ENODEV, map(*f, { .pages = 1 }));
		EXPECT_ERRNO(ENODEV, map(*f, { .pages = 1, .pgoff = pgoff }));
		EXPECT_VALUE(POLLERR | POLLHUP, f->poll(POLLIN | POLLOUT | POLLPRI, -1));
	}
	ASSERT_OK(bring_back(variant->pulled));
	/* A file knows only the device that it was opened for. */
	EXPECT_ERRNO(ENODEV, fd.read(&byte, 1));
	EXPECT_TRUE(works());
}

TEST_F(edu_remove, with_sleepers_and_pollers)
{
	Fd fd = ASSERT_OK(edu::open());
	Task taker([&] { return edu::number(fd, EDU_IOC_TAKE_IRQS); });
	Task poller([&] { return fd.poll(POLLPRI, -1); });

	wait_until([&] { return taker.slept_once(); });
	wait_until([&] { return state_of(poller.tid()) == 'S'; });
	ASSERT_OK(take_away(variant->pulled));
	EXPECT_ERRNO(ENODEV, taker.join());
	EXPECT_VALUE(POLLERR | POLLHUP, poller.join());
	ASSERT_OK(bring_back(variant->pulled));
	EXPECT_TRUE(works());
}

/* Both, with the file open and closed, and in a process that has forked. */
TEST_F(edu_remove, with_mappings)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping registers = ASSERT_OK(edu::map_registers(fd));
	Mapping coherent = ASSERT_OK(edu::map_coherent(fd));
	Mapping untouched = ASSERT_OK(edu::map_coherent(fd));
	Pipe to = ASSERT_OK(Pipe::make()), from = ASSERT_OK(Pipe::make());

	EXPECT_GE(Access::load(registers.page(0)), 0);
	EXPECT_EQ('x', Access::store(coherent.page(0), 'x'));
	Child child = ASSERT_OK(Child::fork_to([&] {
		bool good = Access::load(registers.page(0)) >= 0;

		good = good && from.wr.write("r").ok() && take(to.rd, 1) == "g";
		for (const Mapping *mapping : { &registers, &coherent, &untouched })
			good = good && Access::load(mapping->page(0)) == -SIGBUS;
		return good ? 0 : 1;
	}));
	EXPECT_TEXT("r", take(from.rd, 1));
	if (variant->pulled)
		fd.reset();
	ASSERT_OK(take_away(variant->pulled));
	EXPECT_VALUE(1, to.wr.write("g"));
	for (const Mapping *mapping : { &registers, &coherent, &untouched }) {
		EXPECT_EQ(-SIGBUS, Access::load(mapping->page(0)));
		EXPECT_EQ(-SIGBUS, Access::store(mapping->page(0), 'x'));
	}
	EXPECT_VALUE(0, child.wait());
	ASSERT_OK(bring_back(variant->pulled));
	/* They are of the device that was. */
	EXPECT_EQ(-SIGBUS, Access::load(registers.page(0)));
	EXPECT_TRUE(works());
	EXPECT_EQ(0, attribute(edu::sysfs("mappings")));
}

/*
 * Bug 19: neither the transfer nor who waits behind it outlives the device. It
 * consists of many commands, so that it is not done before.
 */
TEST_F(edu_remove, with_a_transfer_under_way)
{
	constexpr int count = 32;
	Fd fd = ASSERT_OK(edu::open());

	for (int round = 0; round < 3; round++) {
		std::string bytes(count, '#');
		iovec vector[count];

		for (int i = 0; i < count; i++)
			vector[i] = { &bytes[i], 1 };
		Task reader([&] { return fd.readv(vector, count); });
		edu::wait_until_busy();
		Task writer([&] { return fd.pwrite("behind", 0); });
		wait_until([&] { return writer.slept_once(); });
		ASSERT_OK(take_away(variant->pulled));
		Result<ssize_t> got = reader.join();
		EXPECT_ERRNO(ENODEV, writer.join());
		ASSERT_OK(bring_back(variant->pulled));
		if (!got.ok()) {
			EXPECT_ERRNO(ENODEV, got);
		}
		const size_t done = got.ok() ? got.value() : 0;
		ASSERT_LT(done, size_t(count));
		/* The device may have come to the end of the one that was given up. */
		EXPECT_TRUE(bytes.substr(done + 1) == std::string(count - done - 1, '#'));
		EXPECT_TRUE(works());
		fd = ASSERT_OK(edu::open());
	}
}

/* Nor does it wait for what the device has begun with, however long that takes. */
TEST_F(edu_remove, while_the_device_is_at_something)
{
	Fd fd = ASSERT_OK(edu::open());

	ASSERT_OK(edu::set_timeout(1));
	EXPECT_ERRNO(ETIMEDOUT, edu::number(fd, EDU_IOC_FACTORIAL, edu::long_factorial));
	ASSERT_OK(edu::set_timeout(60000));
	Task waiter([&] { return edu::number(fd, EDU_IOC_FACTORIAL, 5); });
	edu::wait_until_busy();
	ASSERT_OK(take_away(variant->pulled));
	EXPECT_ERRNO(ENODEV, waiter.join());
	ASSERT_OK(bring_back(variant->pulled));
	fd = ASSERT_OK(edu::open());
	Mapping registers = ASSERT_OK(edu::map_registers(fd));
	EXPECT_TRUE(edu::computes(registers));
	EXPECT_TRUE(works());
}

/* A file that stays open does not keep the device of a new life awake. */
TEST_F(edu_remove, and_it_can_sleep_again)
{
	Fd fd = ASSERT_OK(edu::open());

	ASSERT_OK(take_away(variant->pulled));
	ASSERT_OK(bring_back(variant->pulled));
	ASSERT_OK(write_text(edu::pci("power/control"), "auto"));
	wait_until([] { return read_text(edu::pci("power/runtime_status")) == "suspended\n"; });
	fd.reset();
	EXPECT_TRUE(works());
	wait_until([] { return read_text(edu::pci("power/runtime_status")) == "suspended\n"; });
	EXPECT_OK(write_text(edu::pci("power/control"), "on"));
}

TEST_F(edu_remove, while_others_come_and_go)
{
	std::vector<Child> users;

	for (int user = 0; user < 3; user++)
		users.push_back(ASSERT_OK(Child::fork_to([=] {
			for (;;) {
				Result<Fd> fd = edu::open();

				if (!fd.ok())
					continue;
				Result<Mapping> mapping = user ? edu::map_registers(fd.value())
							       : edu::map_coherent(fd.value());
				if (mapping.ok())
					Access::load(mapping.value().page(0));
				static_cast<void>(edu::number(fd.value(), EDU_IOC_GET_ID));
				if (user == 2)
					static_cast<void>(fd.value().write("x"));
			}
			return 0;
		})));
	for (Budget budget(2000, 5); budget.more();) {
		ASSERT_OK(take_away(variant->pulled));
		ASSERT_OK(bring_back(variant->pulled));
	}
	users.clear();
	EXPECT_TRUE(works());
}

/* What is left of a device is in the module. */
TEST_F(edu_remove, the_module_stays_while_a_file_is_open)
{
	if (!is_module("edu") || !have_modprobe)
		SKIP(return, "needs a module");
	Fd fd = ASSERT_OK(edu::open());
	bool was_slow = ASSERT_OK(hurry(true));

	ASSERT_OK(take_away(variant->pulled));
	EXPECT_ERRNO(EWOULDBLOCK, unload("edu"));
	fd.reset();
	EXPECT_OK(unload("edu"));
	ASSERT_VALUE(0, modprobe({ "edu" }));
	if (variant->pulled) {
		ASSERT_OK(bring_back(true));
	}
	if (was_slow)
		EXPECT_OK(hurry(false));
	EXPECT_TRUE(works());
}

TEST_HARNESS_MAIN
