// SPDX-License-Identifier: GPL-2.0
/**
 * @file
 * gmemp-demo - the classic demonstration of two processes on one page of memory
 *
 * Two processes use /dev/gmemp, each in the way that the command line names, and
 * take turns: one acts, the other looks. Both say what they do and see. What they
 * see must be what the device promises.
 */
#include <array>
#include <cstdarg>
#include <vector>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ldd.h>

#include "mapping.hpp"
#include "process.hpp"

using namespace std::literals;
using ldd::check;
using ldd::Fd;
using ldd::Mapping;

namespace
{

/* As long as each other, so that one replaces the other. */
constexpr auto hello = "Hello, global memory"sv;
constexpr auto reply = "Hello, other process"sv;
constexpr auto zeros = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv;
static_assert(hello.size() == reply.size() && hello.size() == zeros.size());

std::string device = "/dev/gmemp";

/* One of the two processes. */
class Side {
public:
	Side(const char *name, Fd turn) : name_(name), turn_(std::move(turn)) {}

	/* One line is one write(2), so the lines of the two do not mix. */
	[[gnu::format(printf, 2, 3)]] void say(const char *format, ...) const
	{
		std::array<char, 200> text;
		va_list ap;

		va_start(ap, format);
		std::vsnprintf(text.data(), text.size(), format, ap);
		va_end(ap);
		dprintf(STDOUT_FILENO, "%-6s  %s\n", name_, text.data());
	}

	/* It is the other's turn. */
	void pass() const
	{
		check(send(turn_.get(), "", 1, MSG_NOSIGNAL), "send", "the other process");
	}

	/* Wait until it is ours. */
	void wait() const
	{
		char byte;

		if (check(recv(turn_.get(), &byte, 1, 0), "recv", "the other process") == 0)
			throw std::runtime_error("the other process ended too early");
	}

	/* Say what @got is, and insist that it is @want. */
	void see(const char *how, std::string_view got, std::string_view want) const
	{
		std::string shown = got == zeros ? "only zeros" : '"' + std::string(got) + '"';

		say("%s: %s", how, shown.c_str());
		if (got != want)
			throw std::runtime_error(std::string(how) + " " + device +
						 ": not what it should be");
	}

	void see_read(const Fd &fd, std::string_view want) const
	{
		std::array<char, hello.size()> got {};

		check(pread(fd.get(), got.data(), got.size(), 0), "pread", device);
		see("reads", std::string_view(got.data(), got.size()), want);
	}

	void see_mapped(const Mapping &map, std::string_view want) const
	{
		see("sees in its mapping", std::string(map.data(), hello.size()), want);
	}

	void write(const Fd &fd, std::string_view text) const
	{
		say("writes: \"%s\"", text.data());
		ssize_t n = check(pwrite(fd.get(), text.data(), text.size(), 0), "pwrite", device);
		if (static_cast<std::size_t>(n) != text.size())
			throw std::runtime_error("pwrite " + device + ": a short write");
	}

	void store(const Mapping &map, std::string_view text) const
	{
		say("stores in its mapping: \"%s\"", text.data());
		std::copy(text.begin(), text.end(), map.data());
	}

private:
	const char *name_;
	Fd turn_;
};

Fd open_device()
{
	return ldd::open_file(device, O_RDWR);
}

Mapping map_device(const Fd &fd, std::size_t length, int flags = MAP_SHARED)
{
	return { fd.get(), device, 0, length, PROT_READ | PROT_WRITE, flags };
}

/* What the first process does, and what the second, which has a file of its own. */
void share_first(const Side &me, const Fd &fd)
{
	Mapping map = map_device(fd, ldd::page_size());

	me.see_mapped(map, zeros);
	me.pass();
	me.wait();
	me.see_mapped(map, hello);
	me.store(map, reply);
	me.pass();
}

void share_second(const Side &me)
{
	Fd fd = open_device();

	me.wait();
	me.write(fd, hello);
	me.pass();
	me.wait();
	me.see_read(fd, reply);
}

/* The mapping is made before there are two processes. */
void fork_first(const Side &me, const Mapping &map)
{
	me.wait();
	me.see_mapped(map, hello);
	me.store(map, reply);
	me.pass();
}

void fork_second(const Side &me, const Mapping &map)
{
	me.say("has the mapping from fork");
	me.store(map, hello);
	me.pass();
	me.wait();
	me.see_mapped(map, reply);
}

void private_first(const Side &me, const Fd &fd)
{
	Mapping map = map_device(fd, ldd::page_size(), MAP_PRIVATE);

	me.wait();
	me.see_mapped(map, hello);
	me.say("has a private mapping: what it stores is its own");
	me.store(map, reply);
	me.pass();
	me.wait();
	me.see_mapped(map, reply);
}

void private_second(const Side &me)
{
	Fd fd = open_device();

	me.write(fd, hello);
	me.pass();
	me.wait();
	me.see_read(fd, hello);
	me.pass();
}

void clear_first(const Side &me, const Fd &fd)
{
	Mapping map = map_device(fd, ldd::page_size());

	std::fill_n(map.data(), map.size(), 'x');
	me.store(map, hello);
	me.pass();
	me.wait();
	me.see_mapped(map, zeros);
	if (std::any_of(map.data(), map.data() + map.size(), [](char c) { return c != 0; }))
		throw std::runtime_error("ioctl GMEMP_IOC_CLEAR " + device +
					 ": cleared a part only");
}

void clear_second(const Side &me)
{
	Fd fd = open_device();

	me.wait();
	me.see_read(fd, hello);
	me.say("clears the device");
	check(ioctl(fd.get(), GMEMP_IOC_CLEAR), "ioctl GMEMP_IOC_CLEAR", device);
	me.pass();
}

/* Both map more than there is. */
void touch_past_end(const Side &me)
{
	Fd fd = open_device();
	Mapping map = map_device(fd, 2 * ldd::page_size());
	char byte;

	me.say("maps two pages");
	if (ldd::guarded_copy(&byte, map.data() + ldd::page_size() - 1, 1) != 1)
		throw std::runtime_error("mapping of " + device + ": SIGBUS in the first page");
	me.say("touches the end of the first page: fine");
	if (ldd::guarded_copy(&byte, map.data() + ldd::page_size(), 1) != 0)
		throw std::runtime_error("mapping of " + device + ": no SIGBUS past the end");
	me.say("touches the page past the end: SIGBUS");
}

void end_first(const Side &me, const Fd &)
{
	me.wait();
	touch_past_end(me);
}

void end_second(const Side &me)
{
	touch_past_end(me);
	me.pass();
}

template <typename First, typename Second> int two_processes(First first, Second second)
{
	std::array<int, 2> ends;

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair",
	      "for the turns");
	Fd mine(ends[0]);
	Fd others(ends[1]);
	pid_t pid = ldd::start_process("gmemp-demo", "second", [&] {
		/* Each holds one end only, so the end of one shows to the other. */
		mine = Fd();
		second(Side("second", std::move(others)));
	});
	others = Fd();
	try {
		first(Side("first", std::move(mine)));
	} catch (...) {
		/* What the other has to say may be the reason. */
		ldd::join_process(pid, "the second process");
		throw;
	}
	return ldd::join_process(pid, "the second process");
}

template <void first(const Side &, const Fd &), void second(const Side &)> int apart(const Fd &fd)
{
	return two_processes([&](const Side &me) { first(me, fd); }, second);
}

int forked(const Fd &fd)
{
	Mapping map = map_device(fd, ldd::page_size());

	return two_processes([&](const Side &me) { fork_first(me, map); },
			     [&](const Side &me) { fork_second(me, map); });
}

struct Scene {
	const char *name;
	const char *title;
	int (*play)(const Fd &fd);
};

constexpr std::array<Scene, 5> scenes = { {
	{ "share", "what one writes, the other sees, and the other way round",
	  apart<share_first, share_second> },
	{ "fork", "a mapping is shared with the child", forked },
	{ "private", "a private mapping copies the page when it is written",
	  apart<private_first, private_second> },
	{ "clear", "the ioctl clears what others have mapped", apart<clear_first, clear_second> },
	{ "end", "past the end of the device there is nothing", apart<end_first, end_second> },
} };

int play(const Scene &scene)
{
	Fd fd = open_device();
	std::vector<char> page(ldd::page_size());

	std::printf("%s: %s\n", scene.name, scene.title);
	/* Before the other process has lines of its own to write. */
	std::fflush(stdout);
	check(pwrite(fd.get(), page.data(), page.size(), 0), "pwrite", device);
	return scene.play(fd);
}

/* All scenes, unless @name is of one. */
int play_all(const std::string &name, unsigned int timeout)
{
	int status = ldd::STATUS_OK;

	ldd::give_up_after(timeout, "gmemp-demo: a process still waits: giving up\n");
	for (const Scene &scene : scenes) {
		if (name.empty() || name == scene.name)
			status = std::max(status, play(scene));
	}
	return status;
}

} // namespace

int main(int argc, char **argv)
{
	CLI::App app("Two processes on one page of memory: one acts, the other looks. Overwrites\n"
		     "what is in it.",
		     "gmemp-demo");
	std::vector<std::string> names;
	std::string name;
	unsigned int timeout = 10;

	for (const Scene &scene : scenes)
		names.emplace_back(scene.name);
	app.add_option("SCENE", name, "what to show (default: everything)")
		->check(CLI::IsMember(names));
	app.add_option("--device", device, "the device to use")->capture_default_str();
	app.add_option("--timeout", timeout, "give up after so many seconds")
		->check(CLI::Range(1, 3600))
		->capture_default_str();
	app.footer("Exit status: 0 what was seen is what is promised, 1 it is not, 2 usage.");

	return ldd::run_main(app, argc, argv, [&] { return play_all(name, timeout); });
}
