// SPDX-License-Identifier: GPL-2.0
/*
 * Byte ring with unmasked indices.
 *
 * The indices run freely over all of u32 and are masked only where they address
 * the buffer. So head - tail is the number of queued bytes at any time, "empty"
 * and "full" differ without a spare byte, and nothing is ever shifted.
 * Documentation/core-api/circular-buffers.rst describes the memory ordering.
 */
#include <linux/export.h>
#include <linux/ldd/fifo.h>
#include <linux/minmax.h>
#include <linux/string.h>

/**
 * ldd_fifo_init - make an empty ring
 * @fifo: the ring
 * @buf: @size bytes, which stay the caller's
 * @size: capacity in bytes, a power of two, at most 2^31
 *
 * Context: any; nobody else may use @fifo yet.
 */
void ldd_fifo_init(struct ldd_fifo *fifo, void *buf, u32 size)
{
	*fifo = (struct ldd_fifo){ .buf = buf, .size = size };
}
EXPORT_SYMBOL_GPL(ldd_fifo_init);

/**
 * ldd_fifo_len - number of queued bytes
 * @fifo: the ring
 *
 * Context: any. Exact for the producer and the consumer when the other side is
 * quiet; a snapshot for everybody else.
 * Return: bytes, from 0 to the capacity.
 */
u32 ldd_fifo_len(const struct ldd_fifo *fifo)
{
	/* Before the head, or bytes produced since could be missing. */
	u32 tail = smp_load_acquire(&fifo->tail);

	/* Both sides may have moved on since: never claim more than fits. */
	return min(smp_load_acquire(&fifo->head) - tail, READ_ONCE(fifo->size));
}
EXPORT_SYMBOL_GPL(ldd_fifo_len);

/**
 * ldd_fifo_clear - throw away every queued byte
 * @fifo: the ring
 *
 * Context: any, with both sides quiet.
 */
void ldd_fifo_clear(struct ldd_fifo *fifo)
{
	WRITE_ONCE(fifo->tail, fifo->head);
}
EXPORT_SYMBOL_GPL(ldd_fifo_clear);

/**
 * ldd_fifo_move - carry the queued bytes over to another buffer
 * @fifo: the ring
 * @buf: @size bytes, which stay the caller's
 * @size: the new capacity in bytes, a power of two, at least ldd_fifo_len()
 *
 * The indices keep their values, so a lockless ldd_fifo_is_empty() stays right
 * throughout.
 *
 * Context: any, with both sides quiet.
 * Return: the old buffer, now unused.
 */
void *ldd_fifo_move(struct ldd_fifo *fifo, void *buf, u32 size)
{
	struct ldd_fifo to = { .buf = buf, .size = size,
			       .head = fifo->tail, .tail = fifo->tail };
	struct ldd_fifo from = *fifo;
	void *old = fifo->buf;

	while (!ldd_fifo_is_empty(&from)) {
		struct ldd_fifo_span src = ldd_fifo_data(&from, 0, size);
		struct ldd_fifo_span dst = ldd_fifo_room(&to, 0, src.len);

		memcpy(dst.ptr, src.ptr, dst.len);
		ldd_fifo_produce(&to, dst.len);
		ldd_fifo_consume(&from, dst.len);
	}
	fifo->buf = buf;
	WRITE_ONCE(fifo->size, size);
	return old;
}
EXPORT_SYMBOL_GPL(ldd_fifo_move);
