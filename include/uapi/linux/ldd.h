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
 * GMEMP_IOC_CLEAR - fill a gmemp device with zeros
 *
 * Returns 0.
 */
#define GMEMP_IOC_CLEAR			_IO(LDD_IOC_MAGIC, 0x11)

/** GMEMP_IOC_CLEAR_LEGACY - the raw number of GMEMP_IOC_CLEAR */
#define GMEMP_IOC_CLEAR_LEGACY		0x1

/**
 * LDD_BUFFER_IOC_GET_SIZE - store the size of the buffer, in bytes
 *
 * Of my_demo_dev and kmalloc_map.
 *
 * Returns 0, or -1 with errno EFAULT for a bad pointer.
 */
#define LDD_BUFFER_IOC_GET_SIZE		_IOR(LDD_IOC_MAGIC, 0x21, __u64)

/**
 * LDD_BUFFER_IOC_GET_SIZE_LEGACY - the same, stored as an unsigned long
 *
 * The raw number. An unsigned long is as long as in the program that asks.
 */
#define LDD_BUFFER_IOC_GET_SIZE_LEGACY	1

/**
 * EDU_IOC_GET_ID - store what the identification register of an edu device says
 *
 * Returns 0, or -1 with errno EFAULT or ENODEV. ENODEV is what all requests to a
 * device return that is not there any more. Those from here on wait until the
 * device is free, unless the file is O_NONBLOCK (EAGAIN) or a signal arrives
 * (EINTR); ETIMEDOUT means that the device did not answer.
 */
#define EDU_IOC_GET_ID			_IOR(LDD_IOC_MAGIC, 0x31, __u32)

/**
 * EDU_IOC_LIVENESS - write a value into the liveness register and read it back
 *
 * Returns 0 and stores the inverse if the device is well; or -1 with errno EFAULT.
 */
#define EDU_IOC_LIVENESS		_IOWR(LDD_IOC_MAGIC, 0x32, __u32)

/**
 * EDU_IOC_FACTORIAL - replace a number by its factorial, modulo 2^32
 *
 * The device computes it and raises an interrupt. Once it has begun, only a
 * signal that kills ends the wait.
 *
 * Returns 0, or -1 with errno EFAULT.
 */
#define EDU_IOC_FACTORIAL		_IOWR(LDD_IOC_MAGIC, 0x33, __u32)

/**
 * EDU_IOC_RAISE_IRQ - let the device raise an interrupt
 *
 * The argument points to the bits to set in its interrupt status.
 *
 * Returns 0, or -1 with errno EFAULT, or EINVAL for no bit or one of
 * %EDU_IRQS_RESERVED.
 */
#define EDU_IOC_RAISE_IRQ		_IOW(LDD_IOC_MAGIC, 0x34, __u32)

/** EDU_IRQS_RESERVED - bits that tell of a factorial and of the end of a DMA */
#define EDU_IRQS_RESERVED		0x101

/**
 * EDU_IOC_TAKE_IRQS - wait for interrupts of EDU_IOC_RAISE_IRQ, and take them
 *
 * Stores the bits of all that have arrived since they were last taken, by
 * anybody. poll(2) says POLLPRI when there are any.
 *
 * Returns 0, or -1 with errno EAGAIN (none yet, and the file is O_NONBLOCK),
 * EINTR, or EFAULT (none is lost).
 */
#define EDU_IOC_TAKE_IRQS		_IOR(LDD_IOC_MAGIC, 0x35, __u32)

/**
 * struct edu_copy - a DMA between the coherent buffer and the device's own
 * @coherent: offset in the coherent buffer, in bytes
 * @device: offset in the buffer of the device, in bytes
 * @count: bytes to copy
 * @flags: 0 or %EDU_COPY_FROM_DEVICE
 */
struct edu_copy {
	__u32 coherent;
	__u32 device;
	__u32 count;
	__u32 flags;
};

/** EDU_COPY_FROM_DEVICE - copy into the coherent buffer, not out of it */
#define EDU_COPY_FROM_DEVICE		0x1

/**
 * EDU_IOC_COPY - let the device copy between its buffer and the coherent one
 *
 * Returns 0, or -1 with errno EFAULT, or EINVAL: unknown flags, or one of the
 * ranges is not wholly in its buffer.
 */
#define EDU_IOC_COPY			_IOW(LDD_IOC_MAGIC, 0x36, struct edu_copy)

/**
 * EDU_BUFFER_SIZE - bytes of the buffer of an edu device that can be used
 *
 * It has one more. But many a QEMU aborts when a transfer gets to that one.
 */
#define EDU_BUFFER_SIZE			4095

/** EDU_COHERENT_SIZE - size of the coherent buffer of an edu device, in bytes */
#define EDU_COHERENT_SIZE		4096

/** EDU_MMAP_REGISTERS - offset at which to mmap(2) the registers, in bytes */
#define EDU_MMAP_REGISTERS		0x0

/** EDU_MMAP_COHERENT - offset at which to mmap(2) the coherent buffer, in bytes */
#define EDU_MMAP_COHERENT		0x10000000

#endif /* _UAPI_LINUX_LDD_H */
