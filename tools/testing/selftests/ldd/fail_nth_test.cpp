// SPDX-License-Identifier: GPL-2.0
/*
 * Calls for which there is no memory, or that cannot copy, at each place where that
 * can happen: they say so, or have done a part, and nothing is lost or left behind.
 */
#include <linux/aio_abi.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "edu.hpp"
#include "faults.hpp"
#include "harness.hpp"
#include "memory_fixture.hpp"
#include "scull.hpp"

using namespace ldd;

FIXTURE(fail_nth) {};

FIXTURE_SETUP(fail_nth)
{
	const char *why = Faults::why_not();

	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(fail_nth) {}

/* One who could not open a device does not have it in use. */
TEST_F(fail_nth, open)
{
	const struct {
		const char *module, *node;
	} nodes[] = {
		{ "sleepy", "sleepy" },
		{ "gfifo", "gfifo" },
		{ "gmemp", "gmemp" },
		{ "my_demo_dev", "my_demo_dev" },
		{ "kmalloc_map", "kmalloc_map" },
		{ "simple", "simplen" },
		{ "scullp", "scullp" },
		{ "scullv", "scullv1" },
		{ "edu", "edu0" },
	};

	for (auto [module, node] : nodes) {
		const std::string refs = std::string("/sys/module/") + module + "/refcnt";
		const std::string path = std::string("/dev/") + node;

		if (!exists(path))
			continue;
		long long before = attribute(refs);
		for (Faults faults; faults.next();) {
			Result<long> fd = faults.during("open", [&] {
				return long(open(path.c_str(), O_RDWR | O_CLOEXEC));
			});

			if (fd.ok())
				close(int(fd.value()));
			EXPECT_TRUE(fd.ok() || is_fault(fd.error()));
			/* A file is given back by its task on the way to user space. */
			EXPECT_EQ(before, attribute(refs));
		}
	}
}

/* What was taken was whole, and comes out whole. */
TEST_F(fail_nth, gfifo_transfers)
{
	Fd fd = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	const std::string bytes = pattern(3000);
	char buf[4096];

	for (Faults faults; faults.next();) {
		ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
		Result<long> in = faults.during("write", [&] {
			return write(fd.get(), bytes.data(), bytes.size());
		});

		ASSERT_TRUE(in.ok() || in.error() == EFAULT);
		ASSERT_VALUE(in.ok() ? in.value() : 0, gfifo::queued(fd));
		ASSERT_TRUE(bytes.substr(0, in.ok() ? in.value() : 0) == take(fd, 4096));
	}
	for (Faults faults; faults.next();) {
		ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
		ASSERT_VALUE(3000, fd.write(bytes));
		Result<long> out =
			faults.during("read", [&] { return read(fd.get(), buf, sizeof(buf)); });

		ASSERT_TRUE(out.ok() || out.error() == EFAULT);
		size_t got = out.ok() ? out.value() : 0;
		ASSERT_TRUE(bytes == std::string(buf, got) + take(fd, 4096));
	}
}

/* A size that there is no memory for leaves the FIFO as it was. */
TEST_F(fail_nth, gfifo_resize)
{
	Fd fd = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));
	const __u32 size = GFIFO_SIZE_MAX;
	long before = ASSERT_OK(gfifo::size(fd));

	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	ASSERT_VALUE(5, fd.write("hello"));
	for (Faults faults; faults.next();) {
		Result<long> ret = faults.during("GFIFO_IOC_SET_SIZE", [&] {
			return long(ioctl(fd.get(), GFIFO_IOC_SET_SIZE, &size));
		});

		EXPECT_TRUE(ret.ok() || is_fault(ret.error()));
		EXPECT_VALUE(ret.ok() ? long(size) : before, gfifo::size(fd));
		EXPECT_VALUE(5, gfifo::queued(fd));
		ASSERT_VALUE(0, gfifo::set_size(fd, before));
	}
	EXPECT_TEXT("hello", take(fd, 10));
}

/* One who could not be put on the list gets no signal, and leaves nothing there. */
TEST_F(fail_nth, gfifo_signals)
{
	Fd fd = ASSERT_OK(gfifo::open(O_RDWR | O_NONBLOCK));

	block_signal(SIGIO);
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	ASSERT_OK(fd.fcntl(F_SETOWN, getpid()));
	for (Faults faults; faults.next();) {
		Result<long> ret = faults.during("F_SETFL", [&] {
			return long(fcntl(fd.get(), F_SETFL, O_ASYNC | O_NONBLOCK));
		});

		EXPECT_TRUE(ret.ok() || ret.error() == ENOMEM);
		ASSERT_VALUE(1, fd.write("x"));
		EXPECT_EQ(ret.ok(), take_signal(SIGIO).ok());
		EXPECT_TEXT("x", take(fd, 1));
		static_cast<void>(take_signal(SIGIO));
		ASSERT_OK(fd.fcntl(F_SETFL, O_NONBLOCK));
	}
}

MEMORY_FIXTURE(fail_nth_memory);
FAULTING_DEVICES(fail_nth_memory);

/*
 * Far from all else, so that a mapping needs page tables of its own. The others enter
 * their pages by remap_pfn_range(), which in 6.12 warns when it gets no page table.
 */
TEST_F(fail_nth_memory, map_and_touch)
{
	const char *why = Faults::why_not();
	void *const at = reinterpret_cast<void *>(0x100000000000);
	const size_t bytes = variant->device->many() * page_size;

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(variant->device->open());
	for (Faults faults; faults.next();) {
		Result<long> mapped = faults.during("mmap", [&] {
			return reinterpret_cast<long>(mmap(at, bytes, PROT_READ | PROT_WRITE,
							   MAP_SHARED | MAP_FIXED, fd.get(), 0));
		});

		EXPECT_VALUE(mapped.ok() ? 1 : 0, variant->device->mappings());
		if (!mapped.ok()) {
			EXPECT_EQ(ENOMEM, mapped.error());
			continue;
		}
		/* The first fault enters what is around it, too. */
		munmap(at, bytes);
		EXPECT_VALUE(0, variant->device->mappings());
	}
	for (Faults faults; faults.next();) {
		Mapping mapping = ASSERT_OK(map(fd, { .pages = variant->device->many(),
						      .flags = MAP_SHARED | MAP_FIXED,
						      .at = at }));

		/* The kernel tries a fault again that had no memory. */
		EXPECT_VALUE(7, faults.during("touch", [&] {
			return long(Access::store(mapping.page(0), 7));
		}));
	}
}

FIXTURE(fail_nth_scull)
{
	long long pages;
};

FIXTURE_VARIANT(fail_nth_scull)
{
	const char *module, *name;
};

FIXTURE_VARIANT_ADD(fail_nth_scull, scullp) {
	.module = "scullp",
	.name = "scullp0",
};

FIXTURE_VARIANT_ADD(fail_nth_scull, scullv) {
	.module = "scullv",
	.name = "scullv0",
};

namespace
{
/* That all devices of the module take. */
long long pages_of(const char *module, const char *name)
{
	return field_of(std::string("/sys/kernel/debug/ldd/") + module + "/" + name + "/state",
			"memory of all devices");
}

} /* namespace */

FIXTURE_SETUP(fail_nth_scull)
{
	const char *why = Faults::why_not();

	if (!why)
		why = Scull(variant->name).why_not(variant->module);
	if (why)
		SKIP(return, "%s", why);
	ASSERT_OK(Scull(variant->name).empty());
	ASSERT_OK(Scull(variant->name).set("order", 0));
	self->pages = pages_of(variant->module, variant->name);
}

FIXTURE_TEARDOWN(fail_nth_scull)
{
	Scull dev(variant->name);

	ASSERT_OK(dev.empty());
	ASSERT_OK(dev.set("order", attribute(std::string("/sys/module/") + variant->module +
					     "/parameters/order")));
	EXPECT_EQ(self->pages, pages_of(variant->module, variant->name));
}

/* The bytes that were taken are there, the others are not, and take no memory. */
TEST_F(fail_nth_scull, write_into_holes)
{
	const std::string bytes = pattern(70 * page_size);
	const long page = page_size;
	Scull dev(variant->name);
	bool partial = false;

	for (Faults faults; faults.next();) {
		Fd fd = ASSERT_OK(dev.empty());
		Result<long> ret = faults.during("pwrite", [&] {
			return pwrite(fd.get(), bytes.data(), bytes.size(), 100);
		});
		long done = ret.ok() ? ret.value() : 0;

		ASSERT_TRUE(ret.ok() || is_fault(ret.error())) TH_LOG("%s", ret.text().c_str());
		partial |= done && done < long(bytes.size());
		ASSERT_EQ(done ? 100 + done : 0, dev.size());
		ASSERT_EQ(done ? (100 + done + page - 1) / page * page : 0, dev.memory());
		ASSERT_TRUE(bytes.substr(0, done) == take_at(fd, bytes.size(), 100));
	}
	EXPECT_TRUE(partial);
}

TEST_F(fail_nth_scull, copy_from_many_clusters)
{
	const std::string bytes = pattern(70 * page_size);
	std::string buf(bytes.size(), '\0');
	Scull dev(variant->name);
	Fd fd = ASSERT_OK(dev.empty());

	ASSERT_VALUE(ssize_t(bytes.size()), fd.pwrite(bytes, 0));
	for (Faults faults; faults.next();) {
		Result<long> ret = faults.during("pread", [&] {
			return pread(fd.get(), buf.data(), buf.size(), 0);
		});
		size_t done = ret.ok() ? ret.value() : 0;

		ASSERT_TRUE(ret.ok() || ret.error() == EFAULT);
		ASSERT_TRUE(bytes.substr(0, done) == buf.substr(0, done));
	}
}

/*
 * By a worker, in one call and in two. However far it got, no page stays pinned and no
 * operation behind.
 */
TEST_F(fail_nth_scull, by_a_worker)
{
	const std::string bytes = pattern(40 * page_size);
	std::string buf(bytes.size(), '\0');
	Scull dev(variant->name);
	Fd fd = ASSERT_OK(dev.open(O_RDWR | O_DIRECT));
	long long pinned = edu::pinned_pages();
	aio_context_t context = 0;
	bool refused = false;
	io_event event;

	ASSERT_EQ(0, syscall(SYS_io_setup, 1, &context));
	ASSERT_VALUE(ssize_t(bytes.size()), fd.pwrite(bytes, 0));
	for (bool async : { false, true }) {
		for (Faults faults; faults.next();) {
			struct iocb iocb = {}, *list = &iocb;

			iocb.aio_lio_opcode = IOCB_CMD_PREAD;
			iocb.aio_fildes = fd.get();
			iocb.aio_buf = reinterpret_cast<__u64>(buf.data());
			iocb.aio_nbytes = buf.size();
			Result<long> ret = faults.during("O_DIRECT", [&] {
				return async ? syscall(SYS_io_submit, context, 1, &list)
					     : pread(fd.get(), buf.data(), buf.size(), 0);
			});

			refused |= !ret.ok();
			ASSERT_TRUE(ret.ok() || is_fault(ret.error()))
			TH_LOG("%s", ret.text().c_str());
			if (async && ret.ok()) {
				ASSERT_EQ(1, syscall(SYS_io_getevents, context, 1, 1, &event,
						     nullptr));
				ret = Result<long>(event.res, { "aio", "" });
			}
			if (ret.ok()) {
				ASSERT_TRUE(bytes.substr(0, ret.value()) ==
					    buf.substr(0, ret.value()));
			}
			ASSERT_EQ(0, dev.get("in_flight"));
			ASSERT_EQ(pinned, edu::pinned_pages());
		}
	}
	EXPECT_TRUE(refused);
}

EDU_FIXTURE(fail_nth_edu);

TEST_F(fail_nth_edu, transfers)
{
	const char *why = Faults::why_not();
	const std::string bytes = pattern(4000);
	std::string buf(bytes.size(), '\0');

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(edu::open());
	for (bool write : { true, false }) {
		for (Faults faults; faults.next();) {
			Result<long> ret = faults.during("transfer", [&] {
				return write ? pwrite(fd.get(), bytes.data(), bytes.size(), 0)
					     : pread(fd.get(), buf.data(), buf.size(), 0);
			});

			/* EIO: its memory could not be mapped for the device. */
			EXPECT_TRUE(ret.ok() || is_fault(ret.error()) || ret.error() == EIO)
			TH_LOG("%s", ret.text().c_str());
			EXPECT_EQ(0, edu::pinned_pages());
		}
	}
	EXPECT_TRUE(bytes == buf);
}

TEST_F(fail_nth_edu, requests)
{
	const char *why = Faults::why_not();

	if (why)
		SKIP(return, "%s", why);
	Fd fd = ASSERT_OK(edu::open());
	for (unsigned long request :
	     { EDU_IOC_GET_ID, EDU_IOC_LIVENESS, EDU_IOC_FACTORIAL, EDU_IOC_RAISE_IRQ }) {
		for (Faults faults; faults.next();) {
			__u32 value = 2;
			Result<long> ret = faults.during("ioctl", [&] {
				return long(ioctl(fd.get(), request, &value));
			});

			EXPECT_TRUE(ret.ok() || ret.error() == EFAULT);
		}
	}
	EXPECT_VALUE(2, edu::number(fd, EDU_IOC_TAKE_IRQS));
}

TEST_HARNESS_MAIN
