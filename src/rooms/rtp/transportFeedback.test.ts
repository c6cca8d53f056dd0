import fc from "fast-check";
import { expect, test } from "vitest";
import { TransportFeedback } from "./transportFeedback.ts";

const own = 1;
const media = 2;

interface Told {
  base: number;
  count: number;
  /** By place after the base: when it arrived, ms; undefined = it did not. */
  arrivals: (number | undefined)[];
}

/** Reads a report as the draft has it, on its own. */
function read(report: Buffer): Told {
  const isPadded = (report.readUInt8(0) & 0x20) !== 0;
  const padding = isPadded ? report.readUInt8(report.length - 1) : 0;
  expect([report.readUInt8(0) & ~0x20, report.readUInt8(1)]).toEqual([0x8f, 205]);
  expect(report.length).toBe((report.readUInt16BE(2) + 1) * 4);
  expect([report.readUInt32BE(4), report.readUInt32BE(8)]).toEqual([own, media]);
  const statusCount = report.readUInt16BE(14);
  const statuses: number[] = [];
  let at = 20;
  while (statuses.length < statusCount) {
    const chunk = report.readUInt16BE(at);
    at += 2;
    if (chunk < 0x8000) statuses.push(...Array<number>(chunk & 0x1fff).fill((chunk >> 13) & 3));
    else if (chunk < 0xc000) for (let bit = 13; bit >= 0; bit--) statuses.push((chunk >> bit) & 1);
    else for (let bit = 12; bit >= 0; bit -= 2) statuses.push((chunk >> bit) & 3);
  }
  let time = report.readIntBE(16, 3) * 64;
  const arrivals = statuses.slice(0, statusCount).map((status) => {
    if (status === 0) return undefined;
    const delta = status === 1 ? report.readUInt8(at) : report.readInt16BE(at);
    at += status;
    time += delta / 4;
    return time;
  });
  expect(report.length - at).toBe(padding);
  expect(padding).toBeLessThan(4);
  expect(statuses.slice(statusCount).every((status) => status === 0)).toBe(true);
  return { base: report.readUInt16BE(12), count: report.readUInt8(19), arrivals };
}

/** What one look at the reports tells, by 16-bit number. */
function told(reports: readonly Buffer[]): Map<number, number | undefined> {
  const all = new Map<number, number | undefined>();
  for (const { base, arrivals } of reports.map(read))
    for (const [index, at] of arrivals.entries())
      if (at !== undefined || !all.has((base + index) & 0xffff))
        all.set((base + index) & 0xffff, at);
  return all;
}

test("packets that arrived are told with their times, missing ones as missing", () => {
  const feedback = new TransportFeedback(own);
  feedback.arrived(10, 1000);
  feedback.arrived(11, 1002.5);
  feedback.arrived(14, 1003);
  expect(feedback.take(1010, media).map(read)).toEqual([
    { base: 10, count: 0, arrivals: [1000, 1002.5, undefined, undefined, 1003] },
  ]);
});

test("a report goes on where the last one ended, not sooner than after 75 ms", () => {
  const feedback = new TransportFeedback(own);
  feedback.arrived(65_535, 1000);
  expect(feedback.take(1000, media)).toHaveLength(1);
  expect(feedback.take(1100, media)).toEqual([]);
  feedback.arrived(2, 1060);
  expect(feedback.take(1074, media)).toEqual([]);
  const [next] = feedback.take(1075, media).map(read);
  expect(next).toEqual({ base: 0, count: 1, arrivals: [undefined, undefined, 1060] });
});

test("a late packet is told after all, a repeated one once", () => {
  const feedback = new TransportFeedback(own);
  for (const sequence of [1, 2, 4]) feedback.arrived(sequence, 1000);
  feedback.take(1000, media);
  for (const [sequence, at] of [
    [3, 1090],
    [5, 1080],
    [5, 1095],
  ] as const)
    feedback.arrived(sequence, at);
  const [report] = feedback.take(1100, media).map(read);
  expect(report).toEqual({ base: 3, count: 1, arrivals: [1090, undefined, 1080] });
});

test("a report that would be large does not wait", () => {
  const feedback = new TransportFeedback(own);
  feedback.arrived(0, 0);
  feedback.take(0, media);
  for (let sequence = 1; sequence <= 200; sequence++) feedback.arrived(sequence, 1);
  expect(feedback.take(1, media)).toHaveLength(1);
});

test("a flood is told in reports that fit into packets", () => {
  const feedback = new TransportFeedback(own);
  for (let sequence = 0; sequence < 900; sequence++) feedback.arrived(sequence, sequence * 40);
  const reports = feedback.take(36_000, media);
  expect(reports).toHaveLength(5);
  for (const report of reports) expect(report.length).toBeLessThan(600);
  expect(told(reports).size).toBe(900);
});

test("numbers that leap make no large reports", () => {
  const feedback = new TransportFeedback(own);
  for (let index = 0; index < 5000; index++) feedback.arrived((index * 990) & 0xffff, index * 0.01);
  const reports = feedback.take(100, media);
  for (const report of reports) {
    expect(report.length).toBeLessThan(600);
    expect(report.readUInt16BE(14)).toBeLessThanOrEqual(2001);
  }
});

test("silence is cut out, and a jump of the numbers costs nothing", () => {
  const feedback = new TransportFeedback(own);
  feedback.arrived(7, 0);
  feedback.arrived(8, 60_000);
  feedback.arrived(30_000, 60_001);
  const reports = feedback.take(60_010, media);
  expect(reports.map((report) => read(report).arrivals)).toEqual([[0], [60_000], [60_001]]);
  for (const report of reports) expect(report.length).toBe(24);
});

test("whatever arrives in whatever order: everything is told, and nothing else", () => {
  const step = fc.record({
    skip: fc.integer({ min: -3, max: 40 }),
    wait: fc.integer({ min: 0, max: 2500 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 65_535 }),
      fc.array(step, { maxLength: 300, size: "max" }),
      (start, steps) => {
        const feedback = new TransportFeedback(own);
        const expected = new Map<number, number>();
        const found = new Map<number, number | undefined>();
        let [sequence, now] = [start, 500];
        for (const { skip, wait } of steps) {
          sequence = (sequence + skip) & 0xffff;
          now += wait / 4;
          feedback.arrived(sequence, now);
          if (!expected.has(sequence)) expected.set(sequence, now);
          for (const [number, at] of told(feedback.take(now, media)))
            if (at !== undefined && !found.has(number)) found.set(number, at);
        }
        for (const [number, at] of told(feedback.take(now + 100, media)))
          if (at !== undefined && !found.has(number)) found.set(number, at);
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});
