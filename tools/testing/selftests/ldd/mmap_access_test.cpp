// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings that somebody else reads and writes: the kernel for a system call,
 * another process, a debugger.
 */
#include <atomic>
#include <string>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "memory_fixture.hpp"

using namespace ldd;

namespace
{
/* Nothing to do with the machine but with how it gets at I/O memory. */
bool is_uml()
{
	return read_text("/proc/cpuinfo").find("User Mode Linux") != std::string::npos;
}

struct Transfer {
	Result<ssize_t> result;
	std::string text;
};

Transfer read_from(const Child &child, void *at, size_t count)
{
	std::string text(count, '\0');
	iovec local = { text.data(), count }, remote = { at, count };
	ssize_t ret = process_vm_readv(child.pid(), &local, 1, &remote, 1, 0);

	return { result_of(ret, { "process_vm_readv", "" }), text };
}

Result<ssize_t> write_to(const Child &child, void *at, std::string text)
{
	iovec local = { text.data(), text.size() }, remote = { at, text.size() };

	return result_of(process_vm_writev(child.pid(), &local, 1, &remote, 1, 0),
			 { "process_vm_writev", "" });
}

/* One who does nothing, at the end of a debugger's line. */
Result<Child> tracee()
{
	Result<Child> child = Child::fork_to([] {
		ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
		raise(SIGSTOP);
		return 0;
	});

	if (child.ok())
		waitpid(child.value().pid(), nullptr, 0);
	return child;
}

Result<long> peek(const Child &child, void *at)
{
	errno = 0;
	long word = ptrace(PTRACE_PEEKDATA, child.pid(), at, nullptr);
	Call call = { "PTRACE_PEEKDATA", "" };

	return errno ? Result<long>::failure(errno, call) : Result<long>(word, call);
}

Result<long> poke(const Child &child, void *at, long word)
{
	return result_of(ptrace(PTRACE_POKEDATA, child.pid(), at, word), { "PTRACE_POKEDATA", "" });
}

constexpr long word = 0x0123456789abcdef;

} /* namespace */

MEMORY_FIXTURE(memory);
ALL_DEVICES(memory);

/* Pages that are only numbers are nothing to get hold of. */
TEST_F(memory, another_process_reads_and_writes)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.many() }));
	Child child = ASSERT_OK(Child::fork_to([] { return pause(); }));

	mapping.put("device");
	Transfer got = read_from(child, mapping.page(0), 6);
	if (got.result.error() == ENOSYS)
		SKIP(return, "no process_vm_readv(): needs CONFIG_CROSS_MEMORY_ATTACH");
	if (!device.faulting) {
		EXPECT_ERRNO(EFAULT, got.result);
		EXPECT_ERRNO(EFAULT, write_to(child, mapping.page(0), "x"));
		return;
	}
	EXPECT_VALUE(6, got.result);
	EXPECT_TEXT("device", got.text);
	EXPECT_VALUE(4, write_to(child, mapping.page(0), "from"));
	EXPECT_TEXT("fromce", mapping.text(6));
	if (device.pages < device.many()) {
		EXPECT_ERRNO(EFAULT, read_from(child, mapping.page(1), 1).result);
	}
}

TEST_F(memory, a_debugger_reads_and_writes)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	Child child = ASSERT_OK(tracee());
	void *last = mapping.page(device.pages) - sizeof(long);

	memcpy(last, &word, sizeof(word));
	if (is_uml() && !device.faulting) {
		/* No HAVE_IOREMAP_PROT: the core does not ask the driver. */
		EXPECT_ERRNO(EIO, peek(child, last));
		SKIP(return, "UML has no way to device memory for ptrace");
	}
	EXPECT_VALUE(word, peek(child, last));
	EXPECT_VALUE(0, poke(child, last, ~word));
	EXPECT_TRUE(*static_cast<long *>(last) == ~word);
	EXPECT_VALUE(0, poke(child, mapping.page(0), word));
	EXPECT_TRUE(memcmp(mapping.page(0), &word, sizeof(word)) == 0);
}

/* A part of the device shows a debugger that part. */
TEST_F(memory, a_debugger_gets_the_right_page)
{
	const MemoryDevice &device = *variant->device;
	const size_t last = device.pages - 1;
	Fd fd = ASSERT_OK(device.open());

	if (is_uml() && !device.faulting)
		SKIP(return, "UML has no way to device memory for ptrace");
	ASSERT_OK(device.fill(pattern(device.bytes())));
	Mapping mapping = ASSERT_OK(map(fd, { .pgoff = last }));
	Child child = ASSERT_OK(tracee());
	Result<long> got = peek(child, mapping.page(0));
	EXPECT_OK(got);
	EXPECT_TRUE(memcmp(&got.value(), mapping.page(0), sizeof(long)) == 0);
	EXPECT_TRUE(memcmp(&got.value(), pattern(sizeof(long), last * page_size).data(),
			   sizeof(long)) == 0);
}

/* What the process itself may not change, nobody changes through it. */
TEST_F(memory, a_debugger_cannot_write_to_what_is_for_reading)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open(O_RDONLY));
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .prot = PROT_READ }));
	Child child = ASSERT_OK(tracee());

	EXPECT_ERRNO(EIO, poke(child, mapping.page(0), word));
	EXPECT_EQ(0, mapping[0]);
	Fd mem = ASSERT_OK(open_file("/proc/self/mem", O_RDWR));
	EXPECT_ERRNO(EIO, mem.pwrite("x", 1, reinterpret_cast<off_t>(mapping.page(0))));
	EXPECT_EQ(0, mapping[0]);
}

MEMORY_FIXTURE(io);
DEVICES_WITH_IO(io);

/* The buffer of a transfer is the memory that it goes to or comes from. */
TEST_F(io, a_buffer_that_is_the_device_itself)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(device.bytes());
	Fd fd = ASSERT_OK(device.open());

	ASSERT_OK(device.fill(text));
	for (int flags : { MAP_SHARED, MAP_SHARED | MAP_POPULATE }) {
		Mapping in = ASSERT_OK(map(fd, { .pages = device.pages, .flags = flags }));
		EXPECT_VALUE(ssize_t(device.bytes()), fd.pwrite(in.page(0), device.bytes(), 0));
		EXPECT_TRUE(text == in.text());
		Mapping out = ASSERT_OK(map(fd, { .pages = device.pages, .flags = flags }));
		EXPECT_VALUE(ssize_t(device.bytes()), fd.pread(out.page(0), device.bytes(), 0));
		EXPECT_TRUE(text == out.text());
	}
}

TEST_F(io, one_page_of_the_device_to_another)
{
	const MemoryDevice &device = *variant->device;
	const size_t last = device.pages - 1;
	Fd fd = ASSERT_OK(device.open());
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages }));
	const std::string one = pattern(page_size, 1), two = pattern(page_size, 2);

	EXPECT_VALUE(ssize_t(page_size), fd.pwrite(one, 0));
	EXPECT_VALUE(ssize_t(page_size), fd.pwrite(mapping.page(0), page_size, last * page_size));
	EXPECT_TRUE(one == take_at(fd, page_size, last * page_size));
	EXPECT_VALUE(ssize_t(page_size), fd.pwrite(two, 0));
	EXPECT_VALUE(ssize_t(page_size), fd.pread(mapping.page(last), page_size, 0));
	EXPECT_TRUE(two == take_at(fd, page_size, last * page_size));
}

/* The same with private memory of the device: what is read becomes a copy. */
TEST_F(io, a_private_buffer_that_is_the_device_itself)
{
	const MemoryDevice &device = *variant->device;
	Fd fd = ASSERT_OK(device.open());

	if (!device.faulting)
		return;
	Mapping mapping = ASSERT_OK(map(fd, { .pages = device.pages, .flags = MAP_PRIVATE }));
	EXPECT_VALUE(6, fd.pwrite("device", 0));
	EXPECT_VALUE(6, fd.pread(mapping.page(0), 6, 0));
	EXPECT_VALUE(6, fd.pwrite("change", 0));
	EXPECT_TEXT("device", mapping.text(6));
}

/*
 * A transfer holds the lock of the device while its buffer faults; mmap and
 * munmap hold the locks that a fault takes. If the two can meet the wrong way
 * round, lockdep says so after one time, and two processors get stuck.
 */
TEST_F(io, transfers_and_mappings_at_the_same_time)
{
	const MemoryDevice &device = *variant->device;
	const std::string text = pattern(page_size);
	Fd fd = ASSERT_OK(device.open());
	std::atomic<bool> stop = false;

	ASSERT_OK(device.fill(text));
	Mapping keep = ASSERT_OK(map(fd, {}));
	Task mapper([&] {
		int bad = 0;

		while (!stop) {
			Result<Mapping> mapping = map(fd, {});

			bad += !mapping.ok() || Access::load(mapping.value().page(0)) < 0;
			bad += device.sparse && device.open(O_WRONLY).ok();
		}
		return bad;
	});
	for (Budget budget(100, 20); budget.more();) {
		Mapping fresh = ASSERT_OK(map(fd, {}));

		ASSERT_VALUE(ssize_t(page_size), fd.pread(fresh.page(0), page_size, 0));
		ASSERT_OK(advise(fresh, 1, device.faulting ? MADV_DONTNEED : MADV_NORMAL));
		ASSERT_VALUE(ssize_t(page_size), fd.pwrite(fresh.page(0), page_size, 0));
	}
	stop = true;
	EXPECT_EQ(0, mapper.join());
	EXPECT_TRUE(text == keep.text());
}

TEST_HARNESS_MAIN
