/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a system call came to: its value or its errno, and which call it was.
 */
#ifndef _LDD_RESULT_HPP
#define _LDD_RESULT_HPP

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace ldd
{
/* Formatted only when something went wrong: a call in a loop must be cheap. */
struct Call {
	const char *name;
	std::string subject;
	long arg = 0;

	std::string text() const
	{
		return std::string(name) + "(" + subject + ", " + std::to_string(arg) + ")";
	}
};

template <typename T> class [[nodiscard]] Result {
public:
	Result(T value, Call call) : value_(std::move(value)), call_(std::move(call)) {}

	static Result failure(int error, Call call)
	{
		Result result(T(), std::move(call));

		result.error_ = error;
		return result;
	}

	bool ok() const { return !error_; }
	int error() const { return error_; }
	const T &value() const & { return value_; }
	T &&value() && { return std::move(value_); }

	/* "read(/dev/gfifo, 10) = -1 EAGAIN" */
	std::string text() const
	{
		std::string text = call_.text();

		if (error_)
			return text + " = -1 " + errno_name(error_);
		if constexpr (requires { std::to_string(value_); })
			return text + " = " + std::to_string(value_);
		return text;
	}

	static std::string errno_name(int error)
	{
		const char *name = strerrorname_np(error);

		return name ? name : std::to_string(error);
	}

private:
	T value_;
	int error_ = 0;
	Call call_;
};

/* Of a call that returns -1 and sets errno. */
template <typename T> Result<T> result_of(T returned, Call call)
{
	if (returned == -1)
		return Result<T>::failure(errno, std::move(call));
	return Result<T>(returned, std::move(call));
}

} /* namespace ldd */

#endif /* _LDD_RESULT_HPP */
