/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * User space interface of the ldd character drivers.
 *
 * Every request exists twice: as an encoded number, which new programs use,
 * and as the raw number that the classic teaching programs pass.
 */
#ifndef _UAPI_LINUX_LDD_H
#define _UAPI_LINUX_LDD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LDD_IOC_MAGIC			0xBD

/**
 * GFIFO_IOC_CLEAR - throw away every queued byte of a gfifo device
 *
 * Writers that were blocked because the FIFO was full are woken.
 *
 * Returns 0, or -1 with errno EINTR when a signal arrived before the FIFO
 * could be locked.
 */
#define GFIFO_IOC_CLEAR			_IO(LDD_IOC_MAGIC, 0x01)

/** GFIFO_IOC_CLEAR_LEGACY - the raw number of GFIFO_IOC_CLEAR */
#define GFIFO_IOC_CLEAR_LEGACY		0x1

/**
 * GFIFO_IOC_GET_SIZE - store the capacity of the FIFO, in bytes
 *
 * Returns 0, or -1 with errno EFAULT for a bad pointer.
 */
#define GFIFO_IOC_GET_SIZE		_IOR(LDD_IOC_MAGIC, 0x02, __u32)

/**
 * GFIFO_IOC_SET_SIZE - change the capacity of the FIFO, in bytes
 *
 * The value is rounded up to the next power of two that is at least a page.
 * Queued bytes stay queued.
 *
 * Returns 0, or -1 with errno EINVAL (0, or more than %GFIFO_SIZE_MAX), EBUSY
 * (more bytes are queued than would fit; nothing is lost), ENOMEM, EFAULT or
 * EINTR.
 */
#define GFIFO_IOC_SET_SIZE		_IOW(LDD_IOC_MAGIC, 0x03, __u32)

/** GFIFO_SIZE_MAX - the largest capacity of a FIFO, in bytes */
#define GFIFO_SIZE_MAX			1048576

/**
 * GMEMP_IOC_CLEAR - fill the page of a gmemp device with zeros
 *
 * Returns 0.
 */
#define GMEMP_IOC_CLEAR			_IO(LDD_IOC_MAGIC, 0x11)

#endif /* _UAPI_LINUX_LDD_H */
