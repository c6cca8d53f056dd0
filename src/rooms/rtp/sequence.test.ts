import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SequenceTracker, Unwrapper } from "./sequence.ts";

test.each([16, 32] as const)(
  "a %i bit counter is unwrapped over its end, also out of order",
  (bits) => {
    const modulus = 2 ** bits;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: modulus - 1 }),
        fc.array(fc.integer({ min: -100, max: 20_000 }), { maxLength: 200 }),
        (start, steps) => {
          const unwrapper = new Unwrapper(bits);
          unwrapper.unwrap(start);
          let truth = start;
          for (const step of steps) {
            truth = Math.max(start, truth + step);
            expect(unwrapper.unwrap(truth % modulus)).toBe(truth);
          }
        },
      ),
    );
  },
);

describe("a sequence tracker", () => {
  test("follows a wrap and late packets", () => {
    const tracker = new SequenceTracker();
    expect([65_534, 65_535, 1, 0, 2].map((sequence) => tracker.accept(sequence))).toEqual([
      65_534, 65_535, 65_537, 65_536, 65_538,
    ]);
  });

  test("ignores a single packet from nowhere", () => {
    const tracker = new SequenceTracker();
    tracker.accept(100);
    expect(tracker.accept(40_000)).toBeUndefined();
    expect(tracker.accept(101)).toBe(101);
  });

  test("follows a sender that starts over, always upwards", () => {
    const tracker = new SequenceTracker();
    tracker.accept(50_000);
    expect(tracker.accept(10)).toBeUndefined();
    const followed = tracker.accept(11) ?? 0;
    expect(followed).toBeGreaterThan(50_000);
    expect(tracker.accept(12)).toBe(followed + 1);
  });

  test("never goes back by more than it tolerates, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 300 }),
        (sequences) => {
          const tracker = new SequenceTracker();
          for (const sequence of sequences) {
            const extended = tracker.accept(sequence);
            if (extended === undefined) continue;
            expect(((extended % 65_536) + 65_536) % 65_536).toBe(sequence);
            expect(tracker.highest - extended).toBeLessThanOrEqual(3000);
          }
        },
      ),
    );
  });
});
