// SPDX-License-Identifier: GPL-2.0
/*
 * sleepy and gfifo as modules: parameters, loading and unloading, with other
 * processes at the devices all the time.
 */
#include <string>
#include <sys/stat.h>
#include <vector>

#include "harness.hpp"
#include "module.hpp"

using namespace ldd;

namespace
{
constexpr int devices_max = 64;

std::string device_path(int index)
{
	return index ? "/dev/gfifo" + std::to_string(index) : "/dev/gfifo";
}

} /* namespace */

FIXTURE(module)
{
	bool was_slow;
};

FIXTURE_SETUP(module)
{
	const char *why = why_not("gfifo", gfifo::path, gfifo::state);

	if (!why)
		why = why_not("sleepy", sleepy::path, sleepy::state);
	if (why)
		SKIP(return, "%s", why);
	if (!is_module("gfifo") || !is_module("sleepy"))
		SKIP(return, "the drivers are built into the kernel");
	if (!have_modprobe)
		SKIP(return, "modprobe does not find the modules");
	self->was_slow = ASSERT_OK(hurry(true));
	ASSERT_OK(gfifo::open());
}

/* Whatever the test did, there are two modules with their defaults after it. */
FIXTURE_TEARDOWN(module)
{
	if (attribute("/sys/module/gfifo/parameters/size") != 4096 || exists("/dev/gfifo1")) {
		static_cast<void>(unload("gfifo"));
		EXPECT_VALUE(0, modprobe({ "gfifo" }));
	}
	if (!is_module("sleepy")) {
		EXPECT_VALUE(0, modprobe({ "sleepy" }));
	}
	if (self->was_slow) {
		EXPECT_OK(hurry(false));
	}
}

TEST_F(module, defaults)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(4096, gfifo::size(fd));
	EXPECT_FALSE(exists("/dev/gfifo1"));
	EXPECT_EQ(4096, attribute("/sys/module/gfifo/parameters/size"));
	EXPECT_EQ(1, attribute("/sys/module/gfifo/parameters/devices"));
}

TEST_F(module, everybody_may_use_the_nodes)
{
	for (const char *path : { gfifo::path, sleepy::path }) {
		struct stat st;

		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(mode_t(S_IFCHR | 0666), st.st_mode);
	}
}

TEST_F(module, nodes_come_and_go)
{
	ASSERT_OK(unload("gfifo"));
	EXPECT_FALSE(exists(gfifo::path));
	EXPECT_FALSE(exists(gfifo::sysfs));
	EXPECT_FALSE(exists(gfifo::state));
	EXPECT_VALUE(0, modprobe({ "gfifo" }));
	EXPECT_TRUE(exists(gfifo::path));
	EXPECT_TRUE(exists(gfifo::sysfs));
	EXPECT_TRUE(exists(gfifo::state));

	ASSERT_OK(unload("sleepy"));
	EXPECT_FALSE(exists(sleepy::path));
	EXPECT_FALSE(exists(sleepy::state));
	EXPECT_VALUE(0, modprobe({ "sleepy" }));
	EXPECT_TRUE(exists(sleepy::path));
	EXPECT_TRUE(exists(sleepy::state));
}

/* Bug 18 */
TEST_F(module, unload_is_refused_while_open)
{
	for (const char *name : { "gfifo", "sleepy" }) {
		const std::string path = std::string("/dev/") + name;
		const std::string refs = std::string("/sys/module/") + name + "/refcnt";
		Fd fd = ASSERT_OK(open_file(path, O_RDWR));

		/* Ask first: after an unload that should have failed, the next call is fatal. */
		ASSERT_EQ(1, attribute(refs));
		EXPECT_ERRNO(EWOULDBLOCK, unload(name));
		EXPECT_VALUE(1, modprobe({ "-r", name }));
		EXPECT_VALUE(1, fd.write("x"));
		fd.reset();
		EXPECT_EQ(0, attribute(refs));
		EXPECT_OK(unload(name));
		EXPECT_FALSE(exists(path));
	}
}

/* Bug 18 */
TEST_F(module, unload_is_refused_while_somebody_sleeps)
{
	Fd fifo = ASSERT_OK(gfifo::open());
	int raw = fcntl(fifo.get(), F_DUPFD_CLOEXEC, 0);
	Task reader([=] {
		char c;

		return read(raw, &c, 1);
	});

	gfifo::wait_for_readers(1);
	close(raw);
	fifo.reset();
	ASSERT_EQ(1, attribute("/sys/module/gfifo/refcnt"));
	EXPECT_ERRNO(EWOULDBLOCK, unload("gfifo"));
	fifo = ASSERT_OK(gfifo::open());
	EXPECT_VALUE(1, fifo.write("x"));
	EXPECT_EQ(1, reader.join());
	fifo.reset();
	EXPECT_OK(unload("gfifo"));
}

TEST_F(module, a_reload_starts_empty)
{
	Fd fd = ASSERT_OK(gfifo::open());

	EXPECT_VALUE(5, fd.write("hello"));
	fd.reset();
	ASSERT_OK(unload("gfifo"));
	ASSERT_VALUE(0, modprobe({ "gfifo" }));
	fd = ASSERT_OK(gfifo::open());
	EXPECT_VALUE(0, gfifo::queued(fd));
	EXPECT_EQ(0, attribute(std::string(gfifo::sysfs) + "bytes_written"));
}

TEST_F(module, sizes_are_rounded_up)
{
	const long page = sysconf(_SC_PAGESIZE);
	const struct {
		long wanted, size;
	} sizes[] = {
		{ 1, page },
		{ page, page },
		{ page + 1, 2 * page },
		{ 8 * page, 8 * page },
		{ GFIFO_SIZE_MAX / 2 + 1, GFIFO_SIZE_MAX },
		{ GFIFO_SIZE_MAX, GFIFO_SIZE_MAX },
	};

	for (auto [wanted, size] : sizes) {
		ASSERT_OK(unload("gfifo"));
		ASSERT_VALUE(0, modprobe({ "gfifo", "size=" + std::to_string(wanted) }));
		Fd fd = ASSERT_OK(gfifo::open());
		EXPECT_VALUE(size, gfifo::size(fd));
		EXPECT_VALUE(size, gfifo::fill(fd));
		EXPECT_VALUE(int(size), gfifo::queued(fd));
	}
}

TEST_F(module, bad_parameters_are_refused)
{
	KernelLog log;

	ASSERT_TRUE(log.is_open());
	ASSERT_OK(unload("gfifo"));
	for (const char *parameter :
	     { "size=0", "size=1048577", "devices=0", "devices=65", "size=-1" }) {
		EXPECT_VALUE(1, modprobe({ "gfifo", parameter }));
		EXPECT_FALSE(is_module("gfifo"));
		EXPECT_FALSE(exists(gfifo::path));
	}
	EXPECT_TRUE(log.says("gfifo: size=0 is not from 1 to 1048576"));
	EXPECT_TRUE(log.says("gfifo: size=1048577 is not from 1 to 1048576"));
	EXPECT_TRUE(log.says("gfifo: devices=0 is not from 1 to 64"));
	EXPECT_TRUE(log.says("gfifo: devices=65 is not from 1 to 64"));
	EXPECT_FALSE(log.complains());
}

TEST_F(module, devices_are_independent)
{
	ASSERT_OK(unload("gfifo"));
	ASSERT_VALUE(0, modprobe({ "gfifo", "devices=3" }));
	std::vector<Fd> fds;

	EXPECT_FALSE(exists("/dev/gfifo3"));
	for (int i = 0; i < 3; i++) {
		fds.push_back(ASSERT_OK(open_file(device_path(i), O_RDWR)));
		EXPECT_VALUE(i + 1, fds[i].write(std::string(i + 1, 'a' + i)));
	}
	EXPECT_VALUE(0, gfifo::set_size(fds[1], 1 << 16));
	EXPECT_VALUE(0, fds[2].ioctl(GFIFO_IOC_CLEAR));
	EXPECT_VALUE(4096, gfifo::size(fds[0]));
	EXPECT_VALUE(1 << 16, gfifo::size(fds[1]));
	EXPECT_TEXT("a", take(fds[0], 10));
	EXPECT_TEXT("bb", take(fds[1], 10));
	EXPECT_VALUE(0, gfifo::queued(fds[2]));
	EXPECT_VALUE(1 << 16, result_of(attribute("/sys/class/misc/gfifo1/size"), { "size", "" }));
}

TEST_F(module, as_many_devices_as_there_may_be)
{
	ASSERT_OK(unload("gfifo"));
	ASSERT_VALUE(0, modprobe({ "gfifo", "devices=64" }));
	for (int i = 0; i < devices_max; i++) {
		struct stat st;

		ASSERT_EQ(0, stat(device_path(i).c_str(), &st));
		ASSERT_EQ(mode_t(S_IFCHR | 0666), st.st_mode);
	}
	EXPECT_FALSE(exists(device_path(devices_max)));
}

namespace
{
/* All there is to do with a device that may come or go at any moment. */
void use_device(int index)
{
	Result<Fd> opened = open_file(device_path(index), O_RDWR | O_NONBLOCK);
	char c;

	if (!opened.ok())
		return;
	Fd fd = std::move(opened).value();
	static_cast<void>(fd.poll(POLLIN | POLLOUT, 0));
	static_cast<void>(fd.poll(POLLIN, 0));
	static_cast<void>(fd.write("x"));
	static_cast<void>(fd.read(&c, 1));
	static_cast<void>(fd.fcntl(F_SETFL, O_ASYNC | O_NONBLOCK));
	static_cast<void>(fd.ioctl(GFIFO_IOC_CLEAR));
}

void read_attributes(int index)
{
	const std::string name = device_path(index).substr(sizeof("/dev"));
	const std::string sysfs = "/sys/class/misc/" + name + "/";

	for (const char *attribute : { "size", "queued", "bytes_read", "bytes_written" })
		static_cast<void>(read_text(sysfs + attribute));
	static_cast<void>(read_text("/sys/kernel/debug/ldd/gfifo/" + name + "/state"));
}

/* It tries to open the node that is to come, over and over, and is the first. */
Result<Child> first_user()
{
	return Child::fork_to([] {
		for (int index = 0;; index = (index + 1) % devices_max) {
			while (!exists(device_path(index)) && exists(device_path(0)))
				sched_yield();
			use_device(index);
		}
		return 0;
	});
}

} /* namespace */

/* Bug 6: a device is used as soon as its node is there */
TEST_F_TIMEOUT(module, devices_are_ready_when_their_nodes_appear, 90)
{
	KernelLog log;
	std::vector<Child> users;

	users.push_back(ASSERT_OK(first_user()));
	users.push_back(ASSERT_OK(user_of(devices_max, use_device)));
	users.push_back(ASSERT_OK(user_of(devices_max, read_attributes)));
	for (Budget budget(200, 1); budget.more();) {
		ASSERT_OK(unload_between("gfifo"));
		ASSERT_VALUE(0, modprobe({ "gfifo", "devices=64" }));
		ASSERT_FALSE(log.complains());
	}
	for (Child &user : users) {
		user.kill(SIGKILL);
		EXPECT_VALUE(128 + SIGKILL, user.wait());
	}
}

/*
 * Bug 16: nothing is freed that somebody can still reach. It takes a kernel
 * that poisons freed memory (slub_debug, KASAN) to see each time.
 */
TEST_F_TIMEOUT(module, nothing_is_freed_before_it_is_out_of_reach, 90)
{
	KernelLog log;
	std::vector<Child> users;

	users.push_back(ASSERT_OK(user_of(8, use_device)));
	users.push_back(ASSERT_OK(user_of(8, read_attributes)));
	for (Budget budget(200, 2); budget.more();) {
		ASSERT_OK(unload_between("gfifo"));
		ASSERT_VALUE(0, modprobe({ "gfifo", "devices=8" }));
		ASSERT_FALSE(log.complains());
	}
	for (Child &user : users) {
		user.kill(SIGKILL);
		EXPECT_VALUE(128 + SIGKILL, user.wait());
	}
	ASSERT_OK(unload("gfifo"));
	EXPECT_FALSE(log.complains());
}

/* Bug 20: a file that asked for signals and was closed is in no list. */
TEST_F(module, unload_after_asking_for_signals)
{
	KernelLog log;

	for (int i = 0; i < 3; i++) {
		{
			Fd fd = ASSERT_OK(gfifo::open());

			ASSERT_OK(fd.fcntl(F_SETOWN, getpid()));
			ASSERT_OK(fd.fcntl(F_SETFL, O_ASYNC));
		}
		ASSERT_OK(unload("gfifo"));
		ASSERT_VALUE(0, modprobe({ "gfifo" }));
	}
	EXPECT_FALSE(log.complains());
}

TEST_HARNESS_MAIN
