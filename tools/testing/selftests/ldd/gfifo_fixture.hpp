/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An empty /dev/gfifo of one page, and afterwards one of the size it had.
 */
#ifndef _LDD_GFIFO_FIXTURE_HPP
#define _LDD_GFIFO_FIXTURE_HPP

#include "device.hpp"
#include "harness.hpp"

FIXTURE(gfifo)
{
	long old_size;
	long size;
};

FIXTURE_SETUP(gfifo)
{
	const char *why = ldd::why_not("gfifo", ldd::gfifo::path, ldd::gfifo::state);

	if (why)
		SKIP(return, "%s", why);
	ldd::Fd fd = ASSERT_OK(ldd::gfifo::open());

	self->old_size = ASSERT_OK(ldd::gfifo::size(fd));
	self->size = sysconf(_SC_PAGESIZE);
	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	ASSERT_OK(ldd::gfifo::set_size(fd, self->size));
}

FIXTURE_TEARDOWN(gfifo)
{
	ldd::Fd fd = ASSERT_OK(ldd::gfifo::open());

	ASSERT_OK(fd.ioctl(GFIFO_IOC_CLEAR));
	ASSERT_OK(ldd::gfifo::set_size(fd, self->old_size));
}

#endif /* _LDD_GFIFO_FIXTURE_HPP */
