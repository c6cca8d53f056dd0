import { beforeEach, describe, expect, test } from "vitest";
import type { ProviderRate } from "../port.ts";
import type { Answered } from "./errors.ts";
import { Rates } from "./rates.ts";

const zero = 1_800_000_000_000;
let now: number;
let told: ProviderRate[];
let rates: Rates;
beforeEach(() => {
  now = zero;
  told = [];
  rates = new Rates({ now: () => now, sleep: async () => undefined }, (rate) => told.push(rate));
});

interface Said {
  status?: number;
  limit?: number;
  remaining?: number;
  /** From zero, ms. */
  resetMs?: number;
  headers?: Record<string, string>;
}

/** An answer as the SDK keeps it. */
function answer({ status = 200, limit, remaining, resetMs, headers = {} }: Said): Answered {
  const rateLimit = {
    ...(limit === undefined ? {} : { rateLimit: limit }),
    ...(remaining === undefined ? {} : { rateLimitRemaining: remaining }),
    ...(resetMs === undefined ? {} : { rateLimitReset: new Date(zero + resetMs) }),
  };
  const responseHeaders = new Headers(headers);
  return { clientRequestId: "id", responseCode: status, responseHeaders, rateLimit };
}

const rest = (remaining: number, resetMs = 30_000, limit = 1_000) =>
  answer({ limit, remaining, resetMs });

describe("nothing is sent", () => {
  test("while nothing is left, until the window ends", () => {
    rates.learn("GetCall", rest(0));
    expect([rates.waitMs("GetCall"), rates.waitMs("QueryCalls")]).toEqual([30_000, 0]);
    now += 30_000;
    expect(rates.waitMs("GetCall")).toBe(0);
  });

  test("once the last of a window was used, whoever was answered last", () => {
    rates.learn("GetCall", rest(0));
    rates.learn("GetCall", rest(1));
    expect(rates.waitMs("GetCall")).toBe(30_000);
    rates.learn("GetCall", rest(999, 90_000));
    rates.learn("GetCall", rest(0));
    expect(rates.waitMs("GetCall")).toBe(0);
  });

  test.each<[string, Said, number]>([
    ["the window ends", { remaining: 0, limit: 300, resetMs: 12_000 }, 12_000],
    [
      "Retry-After says, in seconds",
      { remaining: 0, resetMs: 12_000, headers: { "retry-after": "3" } },
      3_000,
    ],
    [
      "Retry-After says, as a date by Stream's clock",
      {
        headers: {
          date: new Date(zero - 60_000).toUTCString(),
          "retry-after": new Date(zero - 55_000).toUTCString(),
        },
      },
      5_000,
    ],
    [
      "a second has gone, where something is left of the minute",
      { remaining: 7, resetMs: 40_000 },
      1_000,
    ],
    ["a second has gone, where nothing is said", {}, 1_000],
    ["a second has gone, where nonsense is said", { headers: { "retry-after": "soon" } }, 1_000],
    ["five minutes have gone, whatever is said", { headers: { "retry-after": "86400" } }, 300_000],
    [
      "a second has gone, where the window is over already",
      { remaining: 0, resetMs: -9_000 },
      1_000,
    ],
    ["a second has gone, where the window ends now", { remaining: 0, resetMs: 0 }, 1_000],
  ])("after a refusal before %s", (_, said, waitMs) => {
    const refusal = answer({ status: 429, ...said });
    rates.learn("StartRecording", refusal);
    expect(rates.refused("StartRecording", refusal)).toBe(waitMs);
    expect(rates.waitMs("StartRecording")).toBe(waitMs);
    now += waitMs;
    expect(rates.waitMs("StartRecording")).toBe(0);
  });

  test.each([-15_000, 0, 15_000])("longer than needed with a clock %i ms off", (aheadMs) => {
    const headers = { date: new Date(zero + aheadMs).toUTCString() };
    rates.learn("GetCall", answer({ limit: 10, remaining: 0, resetMs: 20_000 + aheadMs, headers }));
    expect(rates.waitMs("GetCall")).toBe(20_000);
  });
});

test.each<[string, Said]>([
  ["no headers", {}],
  ["half of them", { limit: 1_000, remaining: 0 }],
  ["no number", { limit: Number.NaN, remaining: 0, resetMs: 1_000 }],
  ["a limit of nothing", { limit: 0, remaining: 0, resetMs: 1_000 }],
  ["less than nothing", { limit: 10, remaining: -1, resetMs: 1_000 }],
])("an answer with %s shuts nothing", (_, said) => {
  rates.learn("GetCall", answer(said));
  expect(rates.waitMs("GetCall")).toBe(0);
});

test("another failure is no refusal", () => {
  rates.refused("GetCall", answer({ status: 500 }));
  rates.refused("GetCall", undefined);
  expect(rates.waitMs("GetCall")).toBe(0);
});

describe("it is told", () => {
  test("when less than two fifths are left, once a second, and at once when nothing is", () => {
    for (const remaining of [900, 400, 399, 398]) rates.learn("QueryCalls", rest(remaining));
    now += 1_000;
    for (const remaining of [397, 5, 0]) rates.learn("QueryCalls", rest(remaining));
    const limit = { endpoint: "QueryCalls", limit: 1_000 };
    expect(told).toEqual([
      { ...limit, remaining: 399, leftMs: 30_000 },
      { ...limit, remaining: 397, leftMs: 29_000 },
      { ...limit, remaining: 0, leftMs: 29_000 },
    ]);
  });

  test("of what is asked again and again alone", () => {
    for (const endpoint of ["StartRecording", "StopRecording", "EndCall"] as const)
      rates.learn(endpoint, rest(0));
    expect(told).toEqual([]);
  });
});
