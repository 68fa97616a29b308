/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LDD_FIFO_H
#define _LINUX_LDD_FIFO_H

#include <asm/barrier.h>
#include <linux/types.h>

/**
 * struct ldd_fifo - a ring of bytes with unmasked indices
 * @buf: @size bytes, owned by the caller
 * @size: capacity in bytes, a power of two, at most 2^31
 * @head: bytes ever produced, modulo 2^32; written by the producer only
 * @tail: bytes ever consumed, modulo 2^32; written by the consumer only
 *
 * There is at most one producer and one consumer at a time, which may run
 * concurrently: whoever uses the ring serialises producers among themselves
 * and consumers among themselves. ldd_fifo_init(), ldd_fifo_clear() and
 * ldd_fifo_move() need both sides quiet.
 */
struct ldd_fifo {
	u8 *buf;
	u32 size;
	u32 head;
	u32 tail;
};

/**
 * struct ldd_fifo_span - a contiguous part of the ring
 * @ptr: first byte
 * @len: length in bytes; 0 when there is nothing
 */
struct ldd_fifo_span {
	u8 *ptr;
	u32 len;
};

/**
 * ldd_fifo_is_empty - is there nothing to consume?
 * @fifo: the ring
 *
 * The tail is loaded first. Whoever is neither producer nor consumer so gets
 * "empty" only if the ring was empty at some moment during the call.
 *
 * Context: any. To the consumer, false stays false until it consumes.
 */
static inline bool ldd_fifo_is_empty(const struct ldd_fifo *fifo)
{
	u32 tail = smp_load_acquire(&fifo->tail);

	return smp_load_acquire(&fifo->head) == tail;
}

/**
 * ldd_fifo_is_full - is there no room to produce?
 * @fifo: the ring
 *
 * The head is loaded first. Whoever is neither producer nor consumer so gets
 * "full" only if the ring was full at some moment during the call.
 *
 * Context: any. To the producer, false stays false until it produces.
 */
static inline bool ldd_fifo_is_full(const struct ldd_fifo *fifo)
{
	u32 head = smp_load_acquire(&fifo->head);

	return head - smp_load_acquire(&fifo->tail) == READ_ONCE(fifo->size);
}

void ldd_fifo_init(struct ldd_fifo *fifo, void *buf, u32 size);
u32 ldd_fifo_len(const struct ldd_fifo *fifo);
struct ldd_fifo_span ldd_fifo_room(const struct ldd_fifo *fifo, size_t max);
struct ldd_fifo_span ldd_fifo_data(const struct ldd_fifo *fifo, size_t max);
void ldd_fifo_produce(struct ldd_fifo *fifo, u32 count);
void ldd_fifo_consume(struct ldd_fifo *fifo, u32 count);
void ldd_fifo_clear(struct ldd_fifo *fifo);
void *ldd_fifo_move(struct ldd_fifo *fifo, void *buf, u32 size);

#endif /* _LINUX_LDD_FIFO_H */
