import { expect, test } from "vitest";
import { fuzz } from "./campaign.ts";
import { pumped } from "./pumped.ts";
import type { FuzzTarget } from "./target.ts";
import { allTargets } from "./targets/index.ts";

/** A second or two of each; `npm run test:fuzz` goes on for as long as wanted. */
const units = 60_000;
/** Caches that fill up are no growth without end. */
const mostGrownBytes = 48 * 2 ** 20;
/** A recording's files, open or not at that moment. */
const mostGrownDescriptors = 16;

const targets = await allTargets();

test.each(targets.map(({ target, weight }) => [target.name, target, weight] as const))(
  "%s: whatever comes is read without an error, and nothing is kept of it",
  async (_, target, weight) => {
    const report = await fuzz(target, { inputs: units / weight, seed: 1 });
    expect(report.failure).toBeUndefined();
    expect(report.inputs).toBe(units / weight);
    expect(report.grownBytes).toBeLessThan(mostGrownBytes);
    expect(report.grownDescriptors).toBeLessThan(mostGrownDescriptors);
  },
);

const texts = targets.filter(({ target }) =>
  ["channel", "json", "sdp", "trickle"].includes(target.name),
);

// There is no time to be kept but the test's own, which only such a reader reaches.
test.each(texts.map(({ target }) => [target.name, target] as const))(
  "%s: what is repeated without end is read in one go",
  (_, { corpus, run }) => {
    for (const input of pumped(corpus.slice(0, 3))) run?.(input);
  },
);

const careless: FuzzTarget = {
  name: "careless",
  corpus: [Buffer.from("length 3")],
  run: (input) => {
    if (input[0] === 255) throw new RangeError("too long");
  },
};

test("a reader that throws is found, with the input that made it", async () => {
  const { failure, inputs } = await fuzz(careless, { inputs: 10_000, seed: 1 });
  expect(failure?.error).toBeInstanceOf(RangeError);
  expect(failure?.input[0]).toBe(255);
  expect(failure?.index).toBe(inputs);
});

test("a reader that keeps what it reads is found", async () => {
  const kept: Buffer[] = [];
  const hoarder: FuzzTarget = { ...careless, run: () => void kept.push(Buffer.alloc(10_000)) };
  const { grownBytes } = await fuzz(hoarder, { inputs: 10_000, seed: 1 });
  expect(grownBytes).toBeGreaterThan(mostGrownBytes);
});
