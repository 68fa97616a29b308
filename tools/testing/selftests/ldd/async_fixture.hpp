/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An empty /dev/scullp0 or /dev/scullv0, and a way to have transfers made. After
 * each test nothing is in flight, and no page is pinned.
 */
#ifndef _LDD_ASYNC_FIXTURE_HPP
#define _LDD_ASYNC_FIXTURE_HPP

#include <filesystem>
#include <string>

#include "bytes.hpp"
#include "mapping.hpp"
#include "queue.hpp"
#include "scull.hpp"
#include "userfault.hpp"

namespace ldd
{
/* Pages that are pinned for I/O, in the whole system. */
inline long long pinned_pages()
{
	/* A counter may lag behind on each processor, but for who asks for this. */
	static_cast<void>(read_text("/proc/sys/vm/stat_refresh"));
	const std::string text = "\n" + read_text("/proc/vmstat");
	auto number = [&](const std::string &name) {
		size_t at = text.find("\n" + name + " ");

		return at == std::string::npos ? -1 : atoll(text.c_str() + at + name.size() + 2);
	};
	return number("nr_foll_pin_acquired") - number("nr_foll_pin_released");
}

inline long long in_flight(const Scull &dev)
{
	return dev.get("in_flight");
}

inline void wait_for_none(const Scull &dev)
{
	wait_until([&] { return in_flight(dev) == 0; });
}

/* Is a worker at one of the device's transfers? It has the queue's name then. */
inline bool worker_has_begun(const Scull &dev)
{
	for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
		const std::string comm = read_text((entry.path() / "comm").string());

		if (comm.find("+ldd_" + dev.name() + "\n") != std::string::npos)
			return true;
	}
	return false;
}

/*
 * Somebody in the middle of a write, who holds the device's lock: no transfer is
 * made until they are let go.
 */
class Holder {
public:
	Holder(const Fd &fd, off_t offset)
		: writer_([&fd, offset, at = fault_.edge(), error = fault_.error()] {
			  return error ? Result<ssize_t>::failure(error, { "userfaultfd", "" })
				       : fd.pwrite(at, 1, offset);
		  })
	{
		if (!error())
			static_cast<void>(fault_.wait());
	}

	int error() const { return fault_.error(); }

	/* It writes this byte. */
	Result<ssize_t> release(char byte)
	{
		static_cast<void>(fault_.resolve(std::string(1, byte)));
		return writer_.join();
	}

private:
	Userfault fault_;
	Task<Result<ssize_t>> writer_;
};

/* More direct reads than there are workers, each of which waits for the holder. */
constexpr unsigned int crowd = 64;

inline bool occupy_workers(Queue &queue, const Fd &direct)
{
	static char buf[crowd];
	bool ok = true;

	for (char &byte : buf)
		ok = queue.start_read(direct, &byte, 1, 0).ok() && ok;
	return ok;
}

} /* namespace ldd */

#define HOLDER_OR_SKIP(holder, fd, offset) \
	Holder holder(fd, offset);         \
	if (holder.error())                \
	SKIP(return, "userfaultfd: %s", strerror(holder.error()))

/* A fixture of this name; its variants are a device and an engine each. */
#define ASYNC_FIXTURE(fixture, milliseconds)                                                   \
	FIXTURE(fixture)                                                                       \
	{                                                                                      \
		long long old_delay;                                                           \
		long long old_limit;                                                           \
	};                                                                                     \
	FIXTURE_VARIANT(fixture)                                                               \
	{                                                                                      \
		const char *module;                                                            \
		const char *device;                                                            \
		ldd::Engine engine;                                                            \
	};                                                                                     \
	FIXTURE_SETUP(fixture)                                                                 \
	{                                                                                      \
		const ldd::Scull dev(variant->device);                                         \
		const char *why = dev.why_not(variant->module);                                \
		if (why)                                                                       \
			SKIP(return, "%s", why);                                               \
		self->old_delay = dev.get("delay");                                            \
		self->old_limit = dev.get("limit");                                            \
		ASSERT_OK(dev.empty());                                                        \
		ASSERT_OK(dev.set("order", 0));                                                \
		ASSERT_OK(dev.set("delay", milliseconds));                                     \
	}                                                                                      \
	FIXTURE_TEARDOWN(fixture)                                                              \
	{                                                                                      \
		const ldd::Scull dev(variant->device);                                         \
		wait_for_none(dev);                                                            \
		EXPECT_EQ(0, ldd::pinned_pages());                                             \
		EXPECT_OK(dev.empty());                                                        \
		EXPECT_EQ(0, dev.memory());                                                    \
		EXPECT_OK(dev.set("delay", self->old_delay));                                  \
		EXPECT_OK(dev.set("limit", self->old_limit));                                  \
		EXPECT_OK(dev.set("order", attribute(std::string("/sys/module/") +             \
						     variant->module + "/parameters/order"))); \
	}

#define ASYNC_VARIANT(fixture, name, by)                                         \
	FIXTURE_VARIANT_ADD(fixture, name##_##by)                                \
	{                                                                        \
		.module = #name, .device = #name "0", .engine = ldd::Engine::by, \
	}

#define ASYNC_ENGINES(fixture)                \
	ASYNC_VARIANT(fixture, scullp, aio);  \
	ASYNC_VARIANT(fixture, scullp, ring); \
	ASYNC_VARIANT(fixture, scullv, aio);  \
	ASYNC_VARIANT(fixture, scullv, ring)

#define ALL_ENGINES(fixture)                  \
	ASYNC_ENGINES(fixture);               \
	ASYNC_VARIANT(fixture, scullp, call); \
	ASYNC_VARIANT(fixture, scullv, call)

#endif /* _LDD_ASYNC_FIXTURE_HPP */
