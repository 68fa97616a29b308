// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints tell who sleeps, who is woken, and when it goes on; and what is
 * mapped, and by how many faults; and what is handed to a worker or a device.
 */
#include <cstdio>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "device.hpp"
#include "edu.hpp"
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

namespace
{
std::string joined(const std::vector<std::string> &lines)
{
	std::string text;

	for (const std::string &line : lines)
		text += line + "\n";
	return text;
}

char *map(const Fd &fd, size_t size)
{
	void *mem = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);

	return mem == MAP_FAILED ? nullptr : static_cast<char *>(mem);
}

/* A fault: where it was, and how many pages it entered. */
struct Fault {
	unsigned long pgoff, pages;
};

std::vector<Fault> faults(const std::string &dev)
{
	const std::string format = "ldd_fault: dev=" + dev + " pgoff=%lu pages=%lu";
	std::vector<Fault> found;

	for (const std::string &event : events()) {
		Fault fault;

		if (sscanf(event.c_str(), format.c_str(), &fault.pgoff, &fault.pages) == 2)
			found.push_back(fault);
	}
	return found;
}

} /* namespace */

TEST_F(trace, mappings)
{
	const char *why = why_not("gmemp", "/dev/gmemp", "/sys/kernel/debug/ldd/gmemp/state");
	const size_t page = sysconf(_SC_PAGESIZE);

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(open_device("gmemp"));
	char *mem = map(fd, 3 * page);
	ASSERT_TRUE(mem != nullptr);
	/* It is cut in three, and one goes. */
	ASSERT_EQ(0, munmap(mem + page, page));
	ASSERT_EQ(0, munmap(mem, 3 * page));
	EXPECT_TEXT("ldd_vma_open: dev=gmemp mappings=1\n"
		    "ldd_vma_open: dev=gmemp mappings=2\n"
		    "ldd_vma_open: dev=gmemp mappings=3\n"
		    "ldd_vma_close: dev=gmemp mappings=2\n"
		    "ldd_vma_close: dev=gmemp mappings=1\n"
		    "ldd_vma_close: dev=gmemp mappings=0\n",
		    joined(events()));
}

TEST_F(trace, faults_of_gmemp)
{
	const char *why = why_not("gmemp", "/dev/gmemp", "/sys/kernel/debug/ldd/gmemp/state");
	const size_t page = sysconf(_SC_PAGESIZE);

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(open_device("gmemp"));
	char *mem = map(fd, 3 * page);
	ASSERT_TRUE(mem != nullptr);
	EXPECT_OK(touch(mem));
	std::vector<Fault> seen = faults("gmemp");
	ASSERT_EQ(1UL, seen.size());
	EXPECT_EQ(0UL, seen[0].pgoff);
	EXPECT_EQ(1UL, seen[0].pages);
	/* It is there now. */
	EXPECT_OK(touch(mem + page - 1));
	EXPECT_EQ(1UL, faults("gmemp").size());
	EXPECT_ERRNO(EFAULT, touch(mem + 2 * page));
	seen = faults("gmemp");
	ASSERT_LT(1UL, seen.size());
	EXPECT_EQ(2UL, seen.back().pgoff);
	EXPECT_EQ(0UL, seen.back().pages);
}

/* Each page is entered once, and most of them by a fault on a neighbour. */
TEST_F(trace, faults_of_scullp)
{
	const char *why =
		why_not("scullp", "/dev/scullp0", "/sys/kernel/debug/ldd/scullp/scullp0/state");
	const size_t page = sysconf(_SC_PAGESIZE), pages = 48;
	unsigned long entered = 0;

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(open_device("scullp0", O_RDWR | O_TRUNC));
	ASSERT_VALUE(ssize_t(pages * page), fd.write(std::string(pages * page, 'x')));
	char *mem = map(fd, pages * page);
	ASSERT_TRUE(mem != nullptr);
	for (size_t i = 0; i < pages; i++)
		ASSERT_EQ('x', mem[i * page]);
	ASSERT_EQ(0, munmap(mem, pages * page));
	std::vector<Fault> seen = faults("scullp0");
	for (const Fault &fault : seen)
		entered += fault.pages;
	EXPECT_EQ(pages, entered);
	/* Three windows of 16 pages at best, and the first page of a page table alone. */
	EXPECT_LE(3UL, seen.size());
	EXPECT_GE(6UL, seen.size());
	EXPECT_OK(open_device("scullp0", O_RDWR | O_TRUNC));
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

/* What is handed to a worker, and what comes back, by the same number. */
TEST_F(trace, direct_io_of_scullp)
{
	const char *why =
		why_not("scullp", "/dev/scullp3", "/sys/kernel/debug/ldd/scullp/scullp3/state");
	unsigned long number[4] = {};

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(open_device("scullp3", O_RDWR | O_TRUNC | O_DIRECT));
	EXPECT_VALUE(5, fd.pwrite("hello", 10));
	EXPECT_TEXT("lo", take_at(fd, 100, 13));
	std::vector<std::string> seen = events();
	ASSERT_EQ(4UL, seen.size());
	for (int i = 0; i < 4; i++)
		sscanf(seen[i].c_str(), "%*s dev=scullp3 number=%lu", &number[i]);
	EXPECT_EQ(number[0], number[1]);
	EXPECT_EQ(number[0] + 1, number[2]);
	EXPECT_EQ(number[2], number[3]);
	auto line = [&](const char *event, int i, const char *rest) {
		return std::string(event) + ": dev=scullp3 number=" + std::to_string(number[i]) +
		       " " + rest;
	};
	EXPECT_TRUE(seen[0] == line("ldd_async_submit", 0, "op=write pos=10 count=5"));
	EXPECT_TRUE(seen[1] == line("ldd_async_complete", 1, "op=write ret=5"));
	EXPECT_TRUE(seen[2] == line("ldd_async_submit", 2, "op=read pos=13 count=100"));
	EXPECT_TRUE(seen[3] == line("ldd_async_complete", 3, "op=read ret=2"));
	ASSERT_OK(open_device("scullp3", O_WRONLY));
}

/* Each command of the device, and how it ended. */
TEST_F(trace, dma_of_edu)
{
	const char *why = edu::why_not();

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(edu::open());
	Mapping memory = ASSERT_OK(map_memory(2));
	EXPECT_VALUE(5, fd.pwrite(memory.page(1), 5, 10));
	/* Two pages, which need not be neighbours for the device. */
	iovec vector[] = { { memory.page(0), 2 }, { memory.page(1) + 100, 1 } };
	EXPECT_VALUE(3, fd.readv(vector, 2));
	EXPECT_OK(edu::copy(fd, { 0, 7, 9, EDU_COPY_FROM_DEVICE }));
	ASSERT_OK(edu::set_timeout(1));
	EXPECT_ERRNO(ETIMEDOUT, fd.pread(memory.page(0), 4, 20));
	ASSERT_OK(edu::set_timeout(1000));
	EXPECT_TEXT("ldd_dma_start: dev=edu0 op=write offset=10 bytes=5\n"
		    "ldd_dma_end: dev=edu0 op=write error=0\n"
		    "ldd_dma_start: dev=edu0 op=read offset=0 bytes=2\n"
		    "ldd_dma_end: dev=edu0 op=read error=0\n"
		    "ldd_dma_start: dev=edu0 op=read offset=2 bytes=1\n"
		    "ldd_dma_end: dev=edu0 op=read error=0\n"
		    "ldd_dma_start: dev=edu0 op=read offset=7 bytes=9\n"
		    "ldd_dma_end: dev=edu0 op=read error=0\n"
		    "ldd_dma_start: dev=edu0 op=read offset=20 bytes=4\n"
		    "ldd_dma_end: dev=edu0 op=read error=-110\n",
		    joined(events()));
}

TEST_HARNESS_MAIN
