// SPDX-License-Identifier: GPL-2.0
/*
 * scullp and scullv: what opening does, what the attributes say and change, and
 * that each device is one of its own.
 */
#include <climits>
#include <sys/stat.h>

#include "bytes.hpp"
#include "scull_fixture.hpp"

using namespace ldd;

TEST_F(scull, open_modes)
{
	const Scull dev(variant->device);
	const struct {
		int flags;
		bool empties;
	} modes[] = {
		{ O_RDONLY, false },	       { O_RDWR, false },
		{ O_RDWR | O_APPEND, false },  { O_WRONLY, true },
		{ O_WRONLY | O_APPEND, true }, { O_WRONLY | O_TRUNC, true },
		{ O_RDWR | O_TRUNC, true },    { O_RDWR | O_TRUNC | O_APPEND, true },
	};
	Fd fd = ASSERT_OK(dev.open());

	for (auto [flags, empties] : modes) {
		ASSERT_VALUE(5, fd.pwrite("hello", self->cluster));
		Fd opened = ASSERT_OK(dev.open(flags));
		EXPECT_EQ(empties ? 0 : self->cluster + 5, dev.size())
		{
			TH_LOG("opened with 0%o", flags);
		}
		EXPECT_EQ(empties ? 0 : self->cluster, dev.memory());
	}
}

/* Only one who may write can empty it: another gets no file at all. */
TEST_F(scull, each_direction_needs_its_mode)
{
	const Scull dev(variant->device);
	Fd wr = ASSERT_OK(dev.open(O_WRONLY)), rd = ASSERT_OK(dev.open(O_RDONLY));
	char c = 'x';

	EXPECT_ERRNO(EBADF, rd.write("x"));
	EXPECT_ERRNO(EBADF, wr.read(&c, 1));
	EXPECT_VALUE(1, wr.write("y"));
	EXPECT_VALUE(1, rd.read(&c, 1));
	EXPECT_EQ('y', c);
}

TEST_F(scull, appending)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open()), append = ASSERT_OK(dev.open(O_RDWR | O_APPEND));

	EXPECT_VALUE(5, append.write("hello"));
	EXPECT_VALUE(1, fd.pwrite("x", self->cluster - 3));
	EXPECT_VALUE(5, append.pwrite("world", 0));
	EXPECT_EQ(self->cluster + 3, dev.size());
	EXPECT_TEXT("xworld", take_at(fd, 10, self->cluster - 3));
	EXPECT_TEXT("hello", take_at(fd, 5, 0));
}

/* Somebody else's file goes on where it was. */
TEST_F(scull, who_has_it_open_when_it_is_emptied)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());

	ASSERT_VALUE(5, fd.write("hello"));
	ASSERT_OK(dev.open(O_WRONLY));
	EXPECT_TEXT("", take(fd, 10));
	EXPECT_VALUE(5, fd.write("world"));
	EXPECT_TRUE(take_at(fd, 20, 0) == std::string(5, '\0') + "world");
}

TEST_F(scull, who_shares_the_offset)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open()), own = ASSERT_OK(dev.open());
	Fd copy(dup(fd.get()), "copy");
	Child child = ASSERT_OK(Child::fork_to([&] { return !fd.write("child ").ok(); }));

	EXPECT_VALUE(0, child.wait());
	EXPECT_VALUE(6, copy.write("parent"));
	EXPECT_TEXT("child parent", take(own, 20));
}

/* There is one node without a number, for programs that know only that. */
TEST_F(scull, the_first_device_has_two_nodes)
{
	const Scull dev(variant->device), alias(variant->module);
	Fd fd = ASSERT_OK(dev.open()), same = ASSERT_OK(alias.open());

	EXPECT_VALUE(5, same.write("hello"));
	EXPECT_TEXT("hello", take(fd, 10));
	EXPECT_EQ(5, dev.size());
	ASSERT_OK(alias.open(O_WRONLY));
	EXPECT_EQ(0, dev.size());
	EXPECT_FALSE(exists(attribute_of(variant->module, "size")));
}

TEST_F(scull, devices_are_independent)
{
	const std::string module = variant->module;

	for (int i = 0; i < 4; i++) {
		const Scull dev(module + std::to_string(i));
		Fd fd = ASSERT_OK(dev.empty());

		ASSERT_VALUE(i + 1, fd.write(std::string(i + 1, 'a' + i)));
	}
	for (int i = 3; i >= 0; i--) {
		const Scull dev(module + std::to_string(i));
		Fd fd = ASSERT_OK(dev.open());

		EXPECT_TRUE(take(fd, 10) == std::string(i + 1, 'a' + i));
		ASSERT_OK(dev.empty());
		EXPECT_EQ(0, dev.size());
	}
}

TEST_F(scull, attributes)
{
	const Scull dev(variant->device);
	const std::string state = std::string("/sys/kernel/debug/ldd/") + variant->module + "/" +
				  variant->device + "/state";
	Fd fd = ASSERT_OK(dev.open());

	ASSERT_VALUE(1, fd.pwrite("x", 3 * self->cluster));
	EXPECT_EQ(3 * self->cluster + 1, dev.size());
	EXPECT_EQ(self->cluster, dev.memory());
	EXPECT_EQ(variant->order, dev.get("order"));
	EXPECT_EQ(0, dev.get("mappings"));
	EXPECT_EQ(dev.size(), field_of(state, "size"));
	EXPECT_EQ(dev.get("limit"), field_of(state, "limit"));
	EXPECT_EQ(dev.get("order"), field_of(state, "order"));
	EXPECT_EQ(1, field_of(state, "clusters"));
	EXPECT_EQ(0, field_of(state, "mappings"));
	EXPECT_EQ(1 << variant->order, field_of(state, "memory of all devices"));
	for (const char *what : { "size", "memory", "mappings", "limit", "order" }) {
		bool rw = !strcmp(what, "limit") || !strcmp(what, "order");
		struct stat st;

		ASSERT_EQ(0, stat(attribute_of(variant->device, what).c_str(), &st));
		EXPECT_EQ(mode_t(S_IFREG | (rw ? 0644 : 0444)), st.st_mode);
	}
}

TEST_F(scull, the_order_changes_while_it_is_empty)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());

	for (int order : { 5, 0, 1, 10 }) {
		EXPECT_OK(dev.set("order", order));
		EXPECT_EQ(order, dev.get("order"));
		ASSERT_VALUE(1, fd.pwrite("x", self->page));
		EXPECT_EQ(self->page << order, dev.memory());
		EXPECT_ERRNO(EBUSY, dev.set("order", 2));
		EXPECT_EQ(order, dev.get("order"));
		EXPECT_TEXT("x", take_at(fd, 10, self->page));
		ASSERT_OK(dev.empty());
	}
	for (const char *bad : { "11", "-1", "4294967296", "x", "\n", "1 2" }) {
		Result<ssize_t> ret = dev.set("order", bad);

		EXPECT_EQ(*bad == '4' ? ERANGE : EINVAL, ret.error()) TH_LOG("'%s'", bad);
	}
	EXPECT_EQ(10, dev.get("order"));
}

TEST_F(scull, the_limit_changes_but_not_below_the_size)
{
	const Scull dev(variant->device);
	Fd fd = ASSERT_OK(dev.open());
	const long size = self->cluster + 10;

	ASSERT_VALUE(size, fd.write(pattern(size)));
	EXPECT_ERRNO(EBUSY, dev.set("limit", size - 1));
	EXPECT_ERRNO(EBUSY, dev.set("limit", 0));
	EXPECT_OK(dev.set("limit", size));
	EXPECT_ERRNO(ENOSPC, fd.write("x"));
	EXPECT_OK(dev.set("limit", size + 1));
	EXPECT_VALUE(1, fd.write("xy"));
	EXPECT_EQ(size + 1, dev.get("limit"));
	for (const char *bad : { "-1", "x", "\n", "12 13", "9223372036854775808" }) {
		Result<ssize_t> ret = dev.set("limit", bad);

		EXPECT_EQ(*bad == '9' ? ERANGE : EINVAL, ret.error()) TH_LOG("'%s'", bad);
	}
	EXPECT_EQ(size + 1, dev.get("limit"));
	ASSERT_OK(dev.empty());
	EXPECT_OK(dev.set("limit", 0));
	EXPECT_ERRNO(ENOSPC, fd.pwrite("x", 0));
	EXPECT_OK(dev.set("limit", LLONG_MAX));
	EXPECT_EQ(LLONG_MAX, dev.get("limit"));
}

/* Its clusters are not all alike: each order begins with zeros again. */
TEST_F(scull, another_order_shows_nothing_of_before)
{
	const Scull dev(variant->device);

	for (int order : { 3, 0, 2 }) {
		Fd fd = ASSERT_OK(dev.empty());

		ASSERT_OK(dev.set("order", order));
		ASSERT_VALUE(1, fd.pwrite("x", 16 * self->page - 1));
		std::string bytes = take_at(fd, 1 << 20, 0);
		EXPECT_EQ(size_t(16 * self->page), bytes.size());
		EXPECT_EQ(bytes.size() - 1, bytes.find_first_not_of('\0'));
		ASSERT_OK(fd.pwrite(pattern(16 * self->page), 0));
	}
}

TEST_HARNESS_MAIN
