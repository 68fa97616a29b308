// SPDX-License-Identifier: GPL-2.0
/*
 * Those who wait for one who is in the middle of a call, and whose buffer may never
 * come: a signal gets them out of each wait, and nothing of what they wanted is done.
 */
#include <string>

#include "bytes.hpp"
#include "gfifo_fixture.hpp"
#include "scull_fixture.hpp"
#include "userfault.hpp"

using namespace ldd;

namespace
{
/* What becomes of @call when it waits, and gets a signal that is handled. */
template <typename F> Result<ssize_t> interrupted(F call)
{
	Task task(call);

	wait_until([&] { return task.slept_once() || task.done(); });
	task.signal(SIGUSR1);
	return task.join();
}

/* Of sysfs; what it holds is of no concern. */
Result<ssize_t> read_attribute(const std::string &path)
{
	Result<Fd> fd = open_file(path, O_RDONLY);
	char buf[32];

	if (!fd.ok())
		return Result<ssize_t>::failure(fd.error(), { "open", path });
	return fd.value().read(buf, sizeof(buf));
}

Result<ssize_t> clear(const Fd &fd)
{
	Result<int> ret = fd.ioctl(GFIFO_IOC_CLEAR);

	return result_of<ssize_t>(ret.ok() ? 0 : -1, { "GFIFO_IOC_CLEAR", fd.path() });
}

Result<ssize_t> grow(const Fd &fd)
{
	Result<int> ret = gfifo::set_size(fd, GFIFO_SIZE_MAX);

	return result_of<ssize_t>(ret.ok() ? 0 : -1, { "GFIFO_IOC_SET_SIZE", fd.path() });
}

} /* namespace */

TEST_F(gfifo, a_signal_ends_the_wait_for_a_reader)
{
	USERFAULT_OR_SKIP(fault);
	Fd fd = ASSERT_OK(gfifo::open());
	const std::string bytes = std::string(gfifo::sysfs) + "bytes_read";
	char c;

	install_counter(SIGUSR1, 0);
	ASSERT_VALUE(5, fd.write("hello"));
	Task reader([&] { return fd.read(fault.edge(), 5); });
	ASSERT_OK(fault.wait());
	EXPECT_ERRNO(EINTR, interrupted([&] { return fd.read(&c, 1); }));
	EXPECT_ERRNO(EINTR, interrupted([&] { return clear(fd); }));
	EXPECT_ERRNO(EINTR, interrupted([&] { return grow(fd); }));
	EXPECT_ERRNO(EINTR, interrupted([&] { return read_attribute(bytes); }));
	EXPECT_VALUE(self->size, gfifo::size(fd));
	/* Nobody holds up those who write. */
	EXPECT_VALUE(6, fd.write(" world"));
	ASSERT_OK(fault.resolve(""));
	EXPECT_VALUE(5, reader.join());
	EXPECT_EQ(0, memcmp("hello", fault.edge(), 5));
	EXPECT_TEXT(" world", take(fd, 10));
}

TEST_F(gfifo, a_signal_ends_the_wait_for_a_writer)
{
	USERFAULT_OR_SKIP(fault);
	Fd fd = ASSERT_OK(gfifo::open());
	const std::string bytes = std::string(gfifo::sysfs) + "bytes_written";

	install_counter(SIGUSR1, 0);
	ASSERT_VALUE(5, fd.write("hello"));
	Task writer([&] { return fd.write(fault.edge(), 6); });
	ASSERT_OK(fault.wait());
	EXPECT_ERRNO(EINTR, interrupted([&] { return fd.write("x"); }));
	EXPECT_ERRNO(EINTR, interrupted([&] { return clear(fd); }));
	EXPECT_ERRNO(EINTR, interrupted([&] { return grow(fd); }));
	EXPECT_ERRNO(EINTR, interrupted([&] { return read_attribute(bytes); }));
	EXPECT_VALUE(self->size, gfifo::size(fd));
	/* Nobody holds up those who read: whoever left has let go of their lock. */
	EXPECT_TEXT("hello", take(fd, 10));
	ASSERT_OK(fault.resolve(" world"));
	EXPECT_VALUE(6, writer.join());
	EXPECT_TEXT(" world", take(fd, 10));
}

/* What lives in sysfs and debugfs; for the calls see scull_lock_test.cpp. */
TEST_F(scull, who_asks_or_sets_can_be_killed)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const std::string state = std::string("/sys/kernel/debug/ldd/") + variant->module + "/" +
				  variant->device + "/state";
	USERFAULT_OR_SKIP(fault);
	Task writer([&] { return fd.pwrite(fault.edge(), 1, 0); });

	ASSERT_OK(fault.wait());
	for (int what = 0; what < 4; what++) {
		std::atomic<bool> *started = shared_memory<std::atomic<bool>>();
		Child child = ASSERT_OK(Child::fork_to([&]() -> int {
			*started = true;
			switch (what) {
			case 0:
				return dev.set("limit", 4096).ok();
			case 1:
				return dev.set("order", 1).ok();
			case 2:
				return dev.get("limit") >= 0;
			default:
				return !read_text(state).empty();
			}
		}));

		wait_until([&] {
			return *started &&
			       read_text("/proc/" + std::to_string(child.pid()) + "/status")
					       .find("State:\tD") != std::string::npos;
		});
		child.kill(SIGKILL);
		EXPECT_VALUE(128 + SIGKILL, child.wait());
	}
	ASSERT_OK(fault.resolve("x"));
	EXPECT_VALUE(1, writer.join());
	EXPECT_EQ(self->old_limit, dev.get("limit"));
	EXPECT_EQ(variant->order, dev.get("order"));
	EXPECT_TEXT("x", take_at(fd, 10, 0));
}

TEST_HARNESS_MAIN
