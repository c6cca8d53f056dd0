import { beforeEach, describe, expect, test } from "vitest";
import { KeyframeRequests } from "./keyframeRequests.ts";

let requests: KeyframeRequests;
beforeEach(() => {
  requests = new KeyframeRequests();
});

/** When requests are made from `from` to `to` while nothing answers. */
function asks(from: number, to: number): number[] {
  const at: number[] = [];
  for (let now = from; now <= to; now++) {
    if (!requests.due(now)) continue;
    requests.asked(now);
    at.push(now);
  }
  return at;
}

describe("a keyframe is asked for", () => {
  test("at once, and every 400 ms of a sender that is not known", () => {
    expect(asks(0, 1300)).toEqual([0, 400, 800, 1200]);
  });

  test("sooner of a sender that answers soon, and ever less often when it does not", () => {
    requests.asked(0);
    requests.began(10, 1, 50);
    requests.completed();
    expect(asks(1000, 2600)).toEqual([1000, 1100, 1300, 1700, 2100, 2500]);
  });

  test("at once when one was answered and lost, but not too often", () => {
    requests.asked(0);
    requests.began(10, 1, 50);
    expect(requests.due(150)).toBe(false);
    requests.broken(12);
    expect(requests.due(199)).toBe(false);
    expect(requests.due(200)).toBe(true);
  });

  test("not while one is arriving, unless that takes too long", () => {
    requests.asked(0);
    requests.began(10, 1, 50);
    // What was lost before it does it no harm.
    requests.broken(10);
    expect(requests.underWay(449)).toBe(true);
    expect(requests.due(449)).toBe(false);
    expect(requests.due(450)).toBe(true);
  });
});

test("a keyframe of several slices begins with the first of them", () => {
  requests.began(10, 1, 0);
  requests.began(14, 1, 5);
  expect(requests.latest).toBe(10);
  requests.broken(12);
  requests.began(15, 1, 6);
  expect(requests.underWay(7)).toBe(false);
});
