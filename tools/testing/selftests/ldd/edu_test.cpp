// SPDX-License-Identifier: GPL-2.0
/*
 * edu without DMA: its requests, its interrupts, its registers in user space, and
 * how it sleeps.
 */
#include <linux/fs.h>
#include <string>
#include <vector>

#include "compat.hpp"
#include "edu.hpp"
#include "page_tables.hpp"

using namespace ldd;
using edu::reg;

namespace
{
constexpr unsigned long requests[] = {
	EDU_IOC_GET_ID,	   EDU_IOC_LIVENESS,  EDU_IOC_FACTORIAL,
	EDU_IOC_RAISE_IRQ, EDU_IOC_TAKE_IRQS, EDU_IOC_COPY,
};

__u32 factorial(__u32 n)
{
	__u32 product = 1;

	while (n > 1)
		product *= n--;
	return product;
}

long long interrupts()
{
	return attribute(edu::sysfs("interrupts"));
}

} /* namespace */

EDU_FIXTURE(edu);

TEST_F(edu, only_root_may_open_it)
{
	struct stat st;

	ASSERT_EQ(0, stat(edu::path, &st));
	EXPECT_EQ(0600U, st.st_mode & 0777U);
}

TEST_F(edu, says_who_it_is)
{
	Fd fd = ASSERT_OK(edu::open());

	EXPECT_VALUE(0x010000ed, edu::number(fd, EDU_IOC_GET_ID));
}

TEST_F(edu, liveness_inverts)
{
	Fd fd = ASSERT_OK(edu::open());

	for (__u32 value : { 0U, 1U, 0x12345678U, 0xffffffffU })
		EXPECT_VALUE(long(~value), edu::number(fd, EDU_IOC_LIVENESS, value));
}

/* Each is told by an interrupt of its own. */
TEST_F(edu, factorials)
{
	Fd fd = ASSERT_OK(edu::open());
	long long before = interrupts();
	int count = 0;

	for (__u32 n : { 0U, 1U, 2U, 3U, 5U, 12U, 13U, 20U, 33U, 34U, 1000U }) {
		EXPECT_VALUE(long(factorial(n)), edu::number(fd, EDU_IOC_FACTORIAL, n));
		count++;
	}
	EXPECT_EQ(before + count, interrupts());
}

TEST_F(edu, several_users_get_their_own_factorials)
{
	std::vector<Task<bool>> users;

	for (__u32 user = 0; user < 4; user++)
		users.emplace_back([user] {
			Result<Fd> fd = edu::open();
			bool good = fd.ok();

			for (__u32 n = user; good && n < 40; n += 4) {
				Result<long> got = edu::number(fd.value(), EDU_IOC_FACTORIAL, n);

				good = got.ok() && got.value() == long(factorial(n));
			}
			return good;
		});
	for (Task<bool> &user : users)
		EXPECT_TRUE(user.join());
}

TEST_F(edu, a_device_that_takes_too_long)
{
	/* Some tenths of a second, whatever the processor. */
	const __u32 much = 300000000;
	Fd fd = ASSERT_OK(edu::open());
	long long before = attribute(edu::sysfs("timeouts"));

	ASSERT_OK(edu::set_timeout(1));
	EXPECT_ERRNO(ETIMEDOUT, edu::number(fd, EDU_IOC_FACTORIAL, much));
	EXPECT_EQ(before + 1, attribute(edu::sysfs("timeouts")));
	/* It is still at it, and does not begin another. */
	EXPECT_ERRNO(ETIMEDOUT, edu::number(fd, EDU_IOC_FACTORIAL, 5));
	ASSERT_OK(edu::set_timeout(60000));
	/* The late interrupt of the first is not taken for that of this one. */
	EXPECT_VALUE(long(factorial(much - 1)), edu::number(fd, EDU_IOC_FACTORIAL, much - 1));
	EXPECT_VALUE(120, edu::number(fd, EDU_IOC_FACTORIAL, 5));
}

/* It may come late, from an earlier command. Here somebody raises it by hand. */
TEST_F(edu, an_interrupt_that_comes_early)
{
	const __u32 n = 300000000;
	Fd fd = ASSERT_OK(edu::open());
	Mapping mapping = ASSERT_OK(edu::map_registers(fd));

	ASSERT_OK(edu::set_timeout(60000));
	Task user([&] { return edu::number(fd, EDU_IOC_FACTORIAL, n); });
	wait_until([&] { return edu::computes(mapping); });
	reg(mapping, edu::irq_raise) = 1;
	EXPECT_VALUE(long(factorial(n)), user.join());
	EXPECT_VALUE(120, edu::number(fd, EDU_IOC_FACTORIAL, 5));
}

/* All ones is not only what a device says that is not there. */
TEST_F(edu, all_interrupts_at_once)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping mapping = ASSERT_OK(edu::map_registers(fd));

	/* For the device to send messages, after whatever was before. */
	ASSERT_OK(edu::number(fd, EDU_IOC_GET_ID));
	reg(mapping, edu::irq_raise) = 0xffffffff;
	EXPECT_VALUE(POLLPRI, fd.poll(POLLPRI, -1));
	EXPECT_VALUE(0xfffffefe, edu::number(fd, EDU_IOC_TAKE_IRQS));
	EXPECT_EQ(0U, reg(mapping, edu::irq_status));
	EXPECT_VALUE(120, edu::number(fd, EDU_IOC_FACTORIAL, 5));
}

TEST_F(edu, no_time_at_all)
{
	EXPECT_ERRNO(EINVAL, edu::set_timeout(0));
	EXPECT_ERRNO(EINVAL, edu::set_timeout(-1));
	EXPECT_TEXT("1000\n", read_text(edu::timeout));
}

/* Nobody who is killed waits for a device that does not answer. */
TEST_F(edu, killed_while_the_device_is_at_something_else)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping mapping = ASSERT_OK(edu::map_registers(fd));

	ASSERT_OK(edu::set_timeout(1));
	EXPECT_ERRNO(ETIMEDOUT, edu::number(fd, EDU_IOC_FACTORIAL, edu::long_factorial));
	ASSERT_OK(edu::set_timeout(60000));
	Child child = ASSERT_OK(
		Child::fork_to([&] { return edu::number(fd, EDU_IOC_FACTORIAL, 5).error(); }));
	edu::wait_until_busy();
	child.kill(SIGKILL);
	EXPECT_VALUE(128 + SIGKILL, child.wait());
	EXPECT_TRUE(edu::computes(mapping));
	EXPECT_VALUE(120, edu::number(fd, EDU_IOC_FACTORIAL, 5));
}

TEST_F(edu, what_is_no_request)
{
	Fd fd = ASSERT_OK(edu::open());

	for (unsigned long raw = 0; raw < 128; raw++) {
		/* That one the kernel answers itself. */
		if (raw != FIGETBSZ) {
			EXPECT_ERRNO(ENOTTY, fd.ioctl(raw));
		}
	}
	for (unsigned int nr = 0; nr < 128; nr++)
		EXPECT_ERRNO(ENOTTY, fd.ioctl(_IO(LDD_IOC_MAGIC, nr)));
	for (unsigned long request : requests) {
		EXPECT_ERRNO(ENOTTY, fd.ioctl(request + (1UL << _IOC_SIZESHIFT)));
		EXPECT_ERRNO(ENOTTY, fd.ioctl(request ^ (1UL << _IOC_TYPESHIFT)));
	}
}

TEST_F(edu, bad_pointers)
{
	Fd fd = ASSERT_OK(edu::open());

	ASSERT_VALUE(4, edu::number(fd, EDU_IOC_RAISE_IRQ, 4));
	for (unsigned long request : requests)
		EXPECT_ERRNO(EFAULT, fd.ioctl(request, end_of_memory()));
	/* The interrupts are not lost. */
	EXPECT_VALUE(4, edu::number(fd, EDU_IOC_TAKE_IRQS));
}

TEST_F(edu, a_32_bit_program)
{
	if (!have_call32())
		SKIP(return, "needs the system calls of 32-bit x86 programs");
	Fd fd = ASSERT_OK(edu::open());
	auto *value = reinterpret_cast<__u32 *>(memory32(sizeof(__u32)));

	ASSERT_TRUE(value != nullptr);
	EXPECT_VALUE(0, ioctl32(fd, EDU_IOC_GET_ID, value));
	EXPECT_EQ(0x010000edU, *value);
	*value = 6;
	EXPECT_VALUE(0, ioctl32(fd, EDU_IOC_FACTORIAL, value));
	EXPECT_EQ(720U, *value);
	auto *copy = reinterpret_cast<edu_copy *>(memory32(sizeof(edu_copy)));
	ASSERT_TRUE(copy != nullptr);
	*copy = { 0, 7, 3, EDU_COPY_FROM_DEVICE };
	EXPECT_VALUE(3, fd.pwrite("abc", 7));
	EXPECT_VALUE(0, ioctl32(fd, EDU_IOC_COPY, copy));
	EXPECT_TRUE(ASSERT_OK(edu::map_coherent(fd)).text(3) == "abc");
}

TEST_F(edu, interrupts_are_taken_once)
{
	Fd fd = ASSERT_OK(edu::open(O_RDWR | O_NONBLOCK));

	EXPECT_ERRNO(EAGAIN, edu::number(fd, EDU_IOC_TAKE_IRQS));
	ASSERT_OK(edu::number(fd, EDU_IOC_RAISE_IRQ, 2));
	ASSERT_OK(edu::number(fd, EDU_IOC_RAISE_IRQ, 0x80000000));
	long bits = 0;
	/* They need not have arrived all. */
	while (bits != 0x80000002) {
		Result<long> got = edu::number(fd, EDU_IOC_TAKE_IRQS);

		if (got.error() != EAGAIN)
			bits |= ASSERT_OK(std::move(got));
	}
	EXPECT_ERRNO(EAGAIN, edu::number(fd, EDU_IOC_TAKE_IRQS));
}

TEST_F(edu, reserved_interrupts_are_refused)
{
	Fd fd = ASSERT_OK(edu::open(O_RDWR | O_NONBLOCK));

	for (__u32 bits : { 0U, 0x1U, 0x100U, 0x3U, 0xffffffffU })
		EXPECT_ERRNO(EINVAL, edu::number(fd, EDU_IOC_RAISE_IRQ, bits));
	EXPECT_ERRNO(EAGAIN, edu::number(fd, EDU_IOC_TAKE_IRQS));
}

TEST_F(edu, an_interrupt_wakes_who_waits_for_it)
{
	Fd fd = ASSERT_OK(edu::open());
	Task taker([&] { return edu::number(fd, EDU_IOC_TAKE_IRQS); });

	wait_until([&] { return taker.slept_once(); });
	ASSERT_OK(edu::number(fd, EDU_IOC_RAISE_IRQ, 8));
	EXPECT_VALUE(8, taker.join());
}

TEST_F(edu, an_interrupt_wakes_who_polls)
{
	Fd fd = ASSERT_OK(edu::open());

	EXPECT_VALUE(POLLIN | POLLOUT, fd.poll(POLLIN | POLLOUT | POLLPRI, 0));
	EXPECT_VALUE(0, fd.poll(POLLPRI, 0));
	Task poller([&] { return fd.poll(POLLPRI, -1); });
	wait_until([&] { return state_of(poller.tid()) == 'S'; });
	ASSERT_OK(edu::number(fd, EDU_IOC_RAISE_IRQ, 16));
	EXPECT_VALUE(POLLPRI, poller.join());
	EXPECT_VALUE(16, edu::number(fd, EDU_IOC_TAKE_IRQS));
	EXPECT_VALUE(0, fd.poll(POLLPRI, 0));
}

TEST_F(edu, a_signal_ends_the_wait_for_an_interrupt)
{
	Fd fd = ASSERT_OK(edu::open());

	install_counter(SIGUSR1, 0);
	Task taker([&] { return edu::number(fd, EDU_IOC_TAKE_IRQS); });
	wait_until([&] { return taker.slept_once(); });
	taker.signal(SIGUSR1);
	EXPECT_ERRNO(EINTR, taker.join());
	EXPECT_EQ(1, handled_signals.load());
}

TEST_F(edu, registers_in_user_space)
{
	Fd fd = ASSERT_OK(edu::open());
	Mapping mapping = ASSERT_OK(edu::map_registers(fd));

	EXPECT_EQ(0x010000edU, reg(mapping, 0));
	reg(mapping, 4) = 0x55aa00ff;
	EXPECT_EQ(~0x55aa00ffU, reg(mapping, 4));
	EXPECT_EQ(1, attribute(edu::sysfs("mappings")));
	Child child = ASSERT_OK(Child::fork_to([&] {
		return reg(mapping, 0) == 0x010000ed && attribute(edu::sysfs("mappings")) == 2 ? 0
											       : 1;
	}));
	EXPECT_VALUE(0, child.wait());
	fd.reset();
	EXPECT_EQ(0x010000edU, reg(mapping, 0));
	mapping.reset();
	EXPECT_EQ(0, attribute(edu::sysfs("mappings")));
}

TEST_F(edu, registers_are_not_cached)
{
	if (!exists(page_tables::path))
		SKIP(return, "no %s: needs x86 and CONFIG_PTDUMP_DEBUGFS", page_tables::path);
	Fd fd = ASSERT_OK(edu::open());
	Mapping mapping = ASSERT_OK(edu::map_registers(fd, 2));

	EXPECT_GE(Access::load(mapping.page(1)), 0);
	EXPECT_EQ(0x010000edU, reg(mapping, 0));
	page_tables::Dump dump;
	EXPECT_TEXT("PCD", dump.cache_of(mapping));
}

TEST_F(edu, mappings_end_where_the_registers_do)
{
	const size_t pages = edu::register_pages;
	Fd fd = ASSERT_OK(edu::open());

	EXPECT_OK(map(fd, { .pages = 1, .pgoff = pages - 1 }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = pages + 1 }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 2, .pgoff = pages - 1 }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 1, .pgoff = pages }));
	const unsigned long coherent = EDU_MMAP_COHERENT / page_size;
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 1, .pgoff = coherent - 1 }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 2, .pgoff = coherent }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 1, .pgoff = coherent + 1 }));
	EXPECT_ERRNO(EINVAL, map(fd, { .pages = 1, .pgoff = (1UL << 51) - 1 }));
	EXPECT_EQ(0, attribute(edu::sysfs("mappings")));
}

TEST_F(edu, mappings_neither_grow_nor_copy)
{
	Fd fd = ASSERT_OK(edu::open());
	Fd reader = ASSERT_OK(edu::open(O_RDONLY));
	Mapping mapping = ASSERT_OK(edu::map_registers(fd, 1));

	EXPECT_ERRNO(EFAULT, remap(mapping, 1, 2, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EINVAL, map(fd, { .flags = MAP_PRIVATE }));
	EXPECT_ERRNO(EACCES, map(reader, { .pages = 1 }));
	EXPECT_OK(map(reader, { .prot = PROT_READ }));
}

/* Nobody has it open: it may sleep. It is awake again when it is needed. */
TEST_F(edu, sleeps_while_nobody_has_it_open)
{
	const std::string control = edu::pci("power/control");
	const std::string status = edu::pci("power/runtime_status");
	const auto bus_master = [] {
		Result<Fd> config = open_file(edu::pci("config"), O_RDONLY);

		return bool(take_at(config.value(), 2, 4)[0] & 4);
	};

	ASSERT_OK(write_text(control, "auto"));
	wait_until([&] { return read_text(status) == "suspended\n"; });
	EXPECT_FALSE(bus_master());

	Fd fd = ASSERT_OK(edu::open());
	EXPECT_TEXT("active\n", read_text(status));
	EXPECT_TRUE(bus_master());
	EXPECT_VALUE(24, edu::number(fd, EDU_IOC_FACTORIAL, 4));
	EXPECT_VALUE(5, fd.pwrite("awake", 10));
	EXPECT_TEXT("awake", take_at(fd, 5, 10));
	fd.reset();
	wait_until([&] { return read_text(status) == "suspended\n"; });
	EXPECT_OK(write_text(control, "on"));
	EXPECT_TEXT("active\n", read_text(status));
}

/* The device is still at what was given up when it is to wake up: that is no failure. */
TEST_F(edu, sleeps_after_a_transfer_that_was_given_up)
{
	const std::string control = edu::pci("power/control");
	const std::string status = edu::pci("power/runtime_status");

	ASSERT_OK(write_text(control, "auto"));
	for (int round = 0; round < 3; round++) {
		{
			Fd fd = ASSERT_OK(edu::open());

			ASSERT_OK(edu::set_timeout(1));
			EXPECT_ERRNO(ETIMEDOUT, fd.pwrite("too slow", 0));
		}
		wait_until([&] { return read_text(status) == "suspended\n"; });
		Fd fd = ASSERT_OK(edu::open());
		ASSERT_OK(edu::set_timeout(1000));
		EXPECT_VALUE(5, fd.pwrite("awake", 0));
		EXPECT_TEXT("awake", take_at(fd, 5, 0));
	}
	EXPECT_OK(write_text(control, "on"));
}

FIXTURE(edu_irq)
{
	bool was_slow;
};

/* @line: what /proc/interrupts has of it. */
FIXTURE_VARIANT(edu_irq)
{
	const char *parameter;
	const char *state;
	const char *line;
};

FIXTURE_VARIANT_ADD(edu_irq, msi) {
	.parameter = "intx=0",
	.state = "interrupt: MSI\n",
	.line = "PCI-MSI",
};

FIXTURE_VARIANT_ADD(edu_irq, line) {
	.parameter = "intx=1",
	.state = "interrupt: INTx\n",
	.line = "IO-APIC",
};

FIXTURE_SETUP(edu_irq)
{
	const char *why = edu::why_not();

	if (why)
		SKIP(return, "%s", why);
	if (!is_module("edu") || !have_modprobe)
		SKIP(return, "needs modules, to load them with parameters");
	self->was_slow = ASSERT_OK(hurry(true));
}

FIXTURE_TEARDOWN_PARENT(edu_irq)
{
	if (is_module("edu")) {
		EXPECT_OK(unload("edu"));
	}
	EXPECT_VALUE(0, modprobe({ "edu" }));
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F(edu_irq, completes_commands)
{
	ASSERT_OK(unload("edu"));
	EXPECT_FALSE(exists(edu::path));
	ASSERT_OK(load("edu", variant->parameter));
	EXPECT_TRUE(read_text(edu::state).starts_with(variant->state));
	std::string all = read_text("/proc/interrupts");
	size_t end = all.find("edu0\n");
	ASSERT_NE(std::string::npos, end);
	size_t start = all.rfind('\n', end) + 1;
	EXPECT_NE(std::string::npos, all.substr(start, end - start).find(variant->line));

	Fd fd = ASSERT_OK(edu::open());
	EXPECT_ERRNO(EWOULDBLOCK, unload("edu"));
	EXPECT_VALUE(5040, edu::number(fd, EDU_IOC_FACTORIAL, 7));
	EXPECT_VALUE(3, fd.pwrite("abc", 0));
	EXPECT_TEXT("abc", take_at(fd, 3, 0));
	ASSERT_OK(edu::number(fd, EDU_IOC_RAISE_IRQ, 32));
	EXPECT_VALUE(32, edu::number(fd, EDU_IOC_TAKE_IRQS));
	Mapping mapping = ASSERT_OK(edu::map_registers(fd));
	fd.reset();
	EXPECT_ERRNO(EWOULDBLOCK, unload("edu"));
}

TEST_HARNESS_MAIN
