/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's test harness, and assertions on a Result.
 *
 * ASSERT_* leaves a test by longjmp(): the destructors of the test do not run,
 * but its process ends at once and takes descriptors and threads along. A
 * fixture is zeroed memory on which no constructor ran, so it holds plain data.
 * None of the macros may be used outside of the main thread of a test.
 */
#ifndef _LDD_HARNESS_HPP
#define _LDD_HARNESS_HPP

#include <string>

#include "result.hpp"

/* The macros of the harness leave out members and parameters, and cast to const. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wignored-qualifiers"
#ifndef __clang__
/* TEST_F() has a variable that a failed ASSERT_* may clobber: the test fails. */
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

#include "../kselftest_harness.h"

/* The value of @call, or the end of the test. */
#define ASSERT_OK(call)                                       \
	({                                                    \
		auto result_ = (call);                        \
		if (!result_.ok()) {                          \
			TH_LOG("%s", result_.text().c_str()); \
			_metadata->exit_code = KSFT_FAIL;     \
			__bail(1, _metadata);                 \
		}                                             \
		std::move(result_).value();                   \
	})

#define LDD_CHECK(result, holds, wanted, assert)                          \
	do {                                                              \
		const auto &result_ = (result);                           \
		if (!(holds)) {                                           \
			TH_LOG("%s, expected %s", result_.text().c_str(), \
			       std::string(wanted).c_str());              \
			_metadata->exit_code = KSFT_FAIL;                 \
			_metadata->trigger = 1;                           \
		}                                                         \
	} while (0);                                                      \
	OPTIONAL_HANDLER(assert)

#define LDD_CHECK_VALUE(expected, result, assert)                                                  \
	LDD_CHECK(result, result_.ok() && result_.value() == (expected), std::to_string(expected), \
		  assert)

#define LDD_CHECK_ERRNO(expected, result, assert)        \
	LDD_CHECK(result, result_.error() == (expected), \
		  std::string("-1 ") + strerrorname_np(expected), assert)

#define EXPECT_OK(result) LDD_CHECK(result, result_.ok(), "success", 0)
#define EXPECT_VALUE(expected, result) LDD_CHECK_VALUE(expected, result, 0)
#define ASSERT_VALUE(expected, result) LDD_CHECK_VALUE(expected, result, 1)
#define EXPECT_ERRNO(expected, result) LDD_CHECK_ERRNO(expected, result, 0)
#define ASSERT_ERRNO(expected, result) LDD_CHECK_ERRNO(expected, result, 1)

/* @seen is a std::string, and may be a temporary one. */
#define EXPECT_TEXT(expected, seen)                    \
	do {                                           \
		const std::string &seen_ = (seen);     \
		EXPECT_STREQ(expected, seen_.c_str()); \
	} while (0)

#endif /* _LDD_HARNESS_HPP */
