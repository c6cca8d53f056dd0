import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MissingPackets } from "./missingPackets.ts";
import { ReorderBuffer } from "./reorder.ts";

interface Delivered {
  packets: number[];
  /** When they had arrived. */
  arrivals: number[];
  gaps: number[];
}

function makeBuffer(options = { waitMs: 1000, capacity: 100 }): {
  buffer: ReorderBuffer<number>;
  out: Delivered;
} {
  const out: Delivered = { packets: [], arrivals: [], gaps: [] };
  const buffer = new ReorderBuffer<number>(options, {
    packet: (packet, arrivedAt) => {
      out.packets.push(packet);
      out.arrivals.push(arrivedAt);
    },
    gap: (lost) => out.gaps.push(lost),
  });
  return { buffer, out };
}

/** A stream shuffled within a window, with duplicates and losses; number 0 comes first. */
const disorder = fc
  .record({
    count: fc.integer({ min: 1, max: 120 }),
    jitter: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 120, maxLength: 120 }),
    lost: fc.uniqueArray(fc.integer({ min: 1, max: 119 }), { maxLength: 20 }),
    doubled: fc.uniqueArray(fc.integer({ min: 1, max: 119 }), { maxLength: 20 }),
  })
  .map(({ count, jitter, lost, doubled }) => {
    const order = Array.from({ length: count }, (_, i) => ({
      i,
      at: i === 0 ? -1 : i + (jitter[i] ?? 0),
    }));
    const copies = doubled.filter((i) => i < count).map((i) => ({ i, at: i + 6.5 }));
    const sent = [...order, ...copies]
      .filter(({ i }) => !lost.includes(i))
      .sort((a, b) => a.at - b.at);
    return { sent: sent.map(({ i }) => i), lost: lost.filter((i) => i < count) };
  });

describe("a reorder buffer", () => {
  test("delivers what arrived once and in order, and reports what did not", () => {
    fc.assert(
      fc.property(disorder, ({ sent, lost }) => {
        const { buffer, out } = makeBuffer();
        for (const [at, sequence] of sent.entries()) buffer.push(sequence, sequence, at);
        buffer.flush();
        const arrived = [...new Set(sent)].sort((a, b) => a - b);
        expect(out.packets).toEqual(arrived);
        const last = arrived.at(-1) ?? 0;
        expect(out.gaps.reduce((sum, gap) => sum + gap, 0)).toBe(
          lost.filter((i) => i < last).length,
        );
        expect(buffer.lost).toBe(lost.filter((i) => i < last).length);
      }),
    );
  });

  test("waits for a missing packet, and not longer than told", () => {
    const { buffer, out } = makeBuffer();
    buffer.push(1, 1, 0);
    buffer.push(3, 3, 10);
    buffer.expire(1009);
    expect(out.packets).toEqual([1]);
    buffer.expire(1010);
    expect(out).toEqual({ packets: [1, 3], arrivals: [0, 10], gaps: [1] });
  });

  test("takes a retransmission within the wait, and tells when each arrived", () => {
    const { buffer, out } = makeBuffer();
    for (const [sequence, at] of [
      [1, 0],
      [3, 10],
      [2, 900],
    ] as const)
      buffer.push(sequence, sequence, at);
    expect(out).toEqual({ packets: [1, 2, 3], arrivals: [0, 900, 10], gaps: [] });
  });

  test("waits longer only for what is said to come, and no more once it is not", () => {
    const { buffer, out } = makeBuffer({ waitMs: 80, capacity: 100 });
    for (const sequence of [1, 3, 5]) buffer.push(sequence, sequence, 0);
    const coming = new Set([2, 4]);
    buffer.expire(500, (sequence) => coming.has(sequence));
    expect(out.packets).toEqual([1]);
    coming.delete(2);
    buffer.expire(501, (sequence) => coming.has(sequence));
    expect(out.packets).toEqual([1, 3]);
    expect(buffer.next).toBe(4);
  });

  test("gives up by the age of the oldest packet held, in whatever order they came", () => {
    const times = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, (sequences) => {
        const { buffer, out } = makeBuffer({ waitMs: 50, capacity: 1000 });
        buffer.push(0, 0, 0);
        const held = new Map<number, number>();
        let next = 1;
        const deliver = (): void => {
          for (; held.delete(next); next++);
        };
        for (const [i, sequence] of sequences.entries()) {
          const now = i * 7;
          buffer.push(sequence, sequence, now);
          if (sequence >= next && !held.has(sequence)) held.set(sequence, now);
          deliver();
          buffer.expire(now);
          while (held.size > 0 && now - Math.min(...held.values()) >= 50) {
            next = Math.min(...held.keys());
            deliver();
          }
          expect(buffer.next).toBe(next);
          expect(buffer.size).toBe(held.size);
        }
        expect(out.packets).toEqual([...out.packets].sort((a, b) => a - b));
      }),
    );
  });

  test("gives up on thousands of packets without looking at all of them for each", () => {
    const { buffer, out } = makeBuffer({ waitMs: 50, capacity: 200_000 });
    buffer.push(0, 0, 0);
    // Every other one is missing, and they come from the last to the first.
    for (let sequence = 200_000; sequence > 0; sequence -= 2) buffer.push(sequence, sequence, 1);
    buffer.expire(51);
    expect(out.packets).toHaveLength(100_001);
    expect(buffer.lost).toBe(100_000);
  });

  test("holds no more packets than its capacity", () => {
    const { buffer, out } = makeBuffer({ waitMs: 1000, capacity: 10 });
    buffer.push(0, 0, 0);
    for (let sequence = 2; sequence < 200; sequence += 2) {
      buffer.push(sequence, sequence, 0);
      expect(buffer.size).toBeLessThanOrEqual(10);
    }
    expect(out.gaps.length).toBeGreaterThan(0);
  });
});

describe("missing packets", () => {
  test("are asked for at once, again every 80 ms, and given up after a second", () => {
    const missing = new MissingPackets();
    missing.arrived(10, 0);
    missing.arrived(13, 5);
    expect(missing.due(5)).toEqual([11, 12]);
    expect(missing.due(84)).toEqual([]);
    expect(missing.due(85)).toEqual([11, 12]);
    expect(missing.due(170)).toEqual([11, 12]);
    expect(missing.has(12)).toBe(true);
    expect(missing.due(1005)).toEqual([]);
    expect(missing.size).toBe(0);
  });

  test.each([
    ["a little longer than an answer takes", 160, 200],
    ["not at once where answers come at once", 2, 40],
    ["not much later however long answers take", 900, 250],
  ])("are asked for again %s", (_, answerMs, repeatMs) => {
    const missing = new MissingPackets();
    missing.arrived(10, 0);
    missing.arrived(12, 0);
    expect(missing.due(0)).toEqual([11]);
    expect(missing.arrived(11, answerMs)).toBe(true);
    missing.arrived(14, 2000);
    expect(missing.due(2000)).toEqual([13]);
    expect(missing.due(2000 + repeatMs - 1)).toEqual([]);
    expect(missing.due(2000 + repeatMs)).toEqual([13]);
  });

  test("that were only overtaken say little of how long answers take", () => {
    const missing = new MissingPackets();
    missing.arrived(0, 0);
    missing.arrived(2, 0);
    missing.due(0);
    missing.arrived(1, 160);
    missing.arrived(4, 1000);
    missing.due(1000);
    missing.arrived(3, 1001);
    missing.arrived(6, 2000);
    missing.due(2000);
    expect(missing.due(2150)).toEqual([]);
  });

  test("are overdue after a few requests, those before a keyframe never", () => {
    const missing = new MissingPackets();
    missing.arrived(10, 0);
    missing.arrived(12, 0);
    missing.due(0);
    expect(missing.overdue(319, 0)).toBe(false);
    expect(missing.overdue(320, 0)).toBe(true);
    expect(missing.overdue(320, 11)).toBe(false);
    missing.arrived(14, 100);
    expect(missing.overdue(320, 11)).toBe(false);
    expect(missing.overdue(420, 11)).toBe(true);
  });

  test("of a long hole are not asked for", () => {
    const missing = new MissingPackets();
    missing.arrived(10, 0);
    missing.arrived(5000, 1);
    expect(missing.due(1)).toEqual([]);
  });

  test("are never tracked without bound", () => {
    const missing = new MissingPackets();
    for (let sequence = 0; sequence < 100_000; sequence += 300) missing.arrived(sequence, 0);
    expect(missing.size).toBeLessThanOrEqual(1000);
  });
});
