import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MissingPackets } from "./missing.ts";
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
    expect(missing.arrived(11, 90)).toBe(true);
    expect(missing.due(170)).toEqual([12]);
    expect(missing.due(1005)).toEqual([]);
    expect(missing.size).toBe(0);
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
