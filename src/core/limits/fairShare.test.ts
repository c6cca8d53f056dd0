import { expect, test } from "vitest";
import { FairShare } from "./fairShare.ts";

const takenBy = (share: FairShare, party: string) => {
  let taken = 0;
  while (share.take(party)) taken++;
  return taken;
};

test("one that takes all it can leaves most of it to others", () => {
  const share = new FairShare(900, 1 / 8);
  expect(takenBy(share, "greedy")).toBe(100);
  expect(share.take("greedy")).toBe(false);
  expect(takenBy(share, "next")).toBeGreaterThan(80);
});

test("however many take what they can, whoever comes next gets something", () => {
  const share = new FairShare(16_000, 1 / 8);
  for (let party = 0; party < 40; party++)
    expect(takenBy(share, `greedy ${party}`)).toBeGreaterThan(0);
});

test("all together never take more than there is", () => {
  const share = new FairShare(100, 1 / 2);
  let sum = 0;
  for (let party = 0; party < 1000; party++) sum += takenBy(share, String(party));
  expect(sum).toBeLessThanOrEqual(100);
  expect(share.take("late")).toBe(false);
});

test("what is refused is not taken", () => {
  const share = new FairShare(16, 1 / 2);
  expect(share.take("ann", 9)).toBe(false);
  expect(share.take("ann", 8)).toBe(true);
  expect(share.parties).toBe(1);
});
