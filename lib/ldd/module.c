// SPDX-License-Identifier: GPL-2.0
/*
 * The state machines of the ldd drivers as one module. They have no locks, do
 * not sleep and never see a user pointer, so KUnit tests them without a device.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("State machines of the ldd character drivers");
MODULE_AUTHOR("The ldd maintainers");
MODULE_LICENSE("GPL");
