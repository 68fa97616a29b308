// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints tell who sleeps, who is woken, and when it goes on.
 */
#include <string>
#include <vector>

#include "device.hpp"
#include "harness.hpp"

using namespace ldd;

namespace
{
constexpr char tracefs[] = "/sys/kernel/tracing";
/* An instance of our own: nobody else's tracing is disturbed, nor disturbs. */
constexpr char instance[] = "/sys/kernel/tracing/instances/ldd_selftest";

std::string trace_file(const char *name)
{
	return std::string(instance) + "/" + name;
}

/* What follows the timestamp in each line: "ldd_wake: dev=gfifo op=read". */
std::vector<std::string> events()
{
	std::string text = read_text(trace_file("trace"));
	std::vector<std::string> found;

	for (size_t at = 0; (at = text.find(": ldd_", at)) != std::string::npos;) {
		size_t end = text.find('\n', at);

		found.push_back(text.substr(at + 2, end - at - 2));
		at = end;
	}
	return found;
}

bool is_story_of(const std::vector<std::string> &events, const std::string &what)
{
	return events.size() == 3 && events[0] == "ldd_sleep: " + what &&
	       events[1] == "ldd_wake: " + what && events[2] == "ldd_resume: " + what;
}

} /* namespace */

FIXTURE(trace)
{
	bool made;
};

FIXTURE_SETUP(trace)
{
	const char *why = why_not("gfifo", gfifo::path, gfifo::state);

	if (!why)
		why = why_not("sleepy", sleepy::path, sleepy::state);
	if (why)
		SKIP(return, "%s", why);
	if (!exists(std::string(tracefs) + "/events/ldd"))
		SKIP(return, "no events/ldd in %s", tracefs);
	rmdir(instance);
	if (mkdir(instance, 0700))
		SKIP(return, "no trace instances: %s", strerror(errno));
	self->made = true;
	Fd fd = ASSERT_OK(gfifo::open());
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	/* One order on all CPUs. */
	ASSERT_OK(write_text(trace_file("trace_clock"), "global"));
	ASSERT_OK(write_text(trace_file("events/ldd/enable"), "1"));
}

FIXTURE_TEARDOWN(trace)
{
	static_cast<void>(write_text(trace_file("events/ldd/enable"), "0"));
	rmdir(instance);
}

TEST_F(trace, a_reader_of_gfifo)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Task reader([&] { return take(fd, 1); });

	gfifo::wait_for_readers(1);
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_TEXT("x", reader.join());
	EXPECT_TRUE(is_story_of(events(), "dev=gfifo op=read"))
	{
		for (const std::string &event : events())
			TH_LOG("%s", event.c_str());
	}
}

TEST_F(trace, a_writer_of_gfifo)
{
	Fd fd = ASSERT_OK(gfifo::open());

	ASSERT_OK(gfifo::fill(fd));
	Task writer([&] { return fd.write("x"); });
	gfifo::wait_for_writers(1);
	EXPECT_EQ(1UL, take(fd, 1).size());
	EXPECT_VALUE(1, writer.join());
	EXPECT_TRUE(is_story_of(events(), "dev=gfifo op=write"));
	EXPECT_VALUE(0, fd.ioctl(GFIFO_IOC_CLEAR));
}

TEST_F(trace, a_sleeper)
{
	Fd fd = ASSERT_OK(sleepy::open());
	Task reader([&] {
		char c;

		return fd.read(&c, 1);
	});

	sleepy::wait_for_sleepers(1);
	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(0, reader.join());
	EXPECT_TRUE(is_story_of(events(), "dev=sleepy op=read"));
}

/* Transfers that nobody waits for leave no trace. */
TEST_F(trace, silence)
{
	Fd fd = ASSERT_OK(gfifo::open());
	Fd nonblock = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	char c;

	EXPECT_VALUE(1, fd.write("x"));
	EXPECT_VALUE(1, fd.read(&c, 1));
	EXPECT_ERRNO(EAGAIN, nonblock.read(&c, 1));
	EXPECT_EQ(0UL, events().size());
}

TEST_HARNESS_MAIN
