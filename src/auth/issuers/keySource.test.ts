import type { JSONWebKeySet } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type FakeIssuer,
  fakeFetch,
  fakeIssuer,
  manualClock,
} from "../../../test/support/fakeIssuer.ts";
import { silentLog } from "../../core/log.ts";
import { fetchKeySet } from "./issuerFetch.ts";
import { type KeySource, remoteKeys } from "./keySource.ts";

const url = "https://issuer.test/jwks";
const minute = 60_000;

let first: FakeIssuer;
let clock: ReturnType<typeof manualClock>;
let web: ReturnType<typeof fakeFetch>;
let keys: KeySource;
let load: () => Promise<JSONWebKeySet>;

beforeAll(async () => {
  first = await fakeIssuer("first", "ES256");
});

beforeEach(() => {
  clock = manualClock();
  web = fakeFetch({ [url]: { keys: [first.jwk] } });
  load = () => fetchKeySet(web.fetch, url);
  keys = remoteKeys({ load: () => load(), clock, log: silentLog });
});

const find = (kid = "first") => keys.find({ alg: "ES256", kid });
const isFound = (kid = "first") =>
  find(kid).then(
    () => true,
    () => false,
  );

describe("an issuer's keys", () => {
  it("are fetched once, also for callers at the same time", async () => {
    await Promise.all([find(), find(), find()]);
    await find();
    expect(web.calls).toHaveLength(1);
  });

  it("are fetched again after ten minutes", async () => {
    await find();
    clock.advance(10 * minute);
    await find();
    expect(web.calls).toHaveLength(2);
    expect(keys.revision()).toBe(1);
  });

  /** Waiting takes no time but moves the clock. */
  const sleepThrough = () => {
    clock.sleep = async (ms) => clock.advance(ms);
  };
  const rotate = () => {
    web.pages[url] = { keys: [first.jwk, { ...first.jwk, kid: "next" }] };
  };

  it("include one added since, at once and under another revision", async () => {
    await find();
    rotate();
    expect(await isFound("next")).toBe(true);
    expect(keys.revision()).toBe(2);
    expect(web.calls).toHaveLength(2);
  });

  it("are fetched once for all unknown key ids that come together", async () => {
    await find();
    rotate();
    const strangers = Array.from({ length: 50 }, (_, i) => isFound(`unknown-${i}`));
    expect(await isFound("next")).toBe(true);
    expect(new Set(await Promise.all(strangers))).toEqual(new Set([false]));
    expect(web.calls).toHaveLength(2);
  });

  it("are fetched every five seconds at most for invented ids, and a new key waits no longer", async () => {
    sleepThrough();
    await find();
    const from = clock.now();
    for (let i = 0; i < 100; i++) expect(await isFound(`unknown-${i}`)).toBe(false);
    const seconds = (clock.now() - from) / 1000;
    expect(web.calls.length).toBeLessThan(seconds / 5 + 5);
    rotate();
    const asked = clock.now();
    expect(await isFound("next")).toBe(true);
    expect(clock.now() - asked).toBeLessThanOrEqual(5_000);
  });

  it("are not fetched again for one id that is missing, until ten seconds later", async () => {
    await find();
    for (let i = 0; i < 20; i++) expect(await isFound("unknown")).toBe(false);
    expect(web.calls).toHaveLength(2);
    clock.advance(10_000);
    rotate();
    expect(await isFound("unknown")).toBe(false);
    expect(await isFound("next")).toBe(true);
    expect(web.calls).toHaveLength(3);
  });

  it("are not fetched for an id no issuer would give", async () => {
    await find();
    expect(await isFound("x".repeat(300))).toBe(false);
    expect(web.calls).toHaveLength(1);
  });

  it("are looked for again by whoever comes while an older answer is on its way", async () => {
    await find();
    const old = web.pages[url];
    const early = isFound("unknown");
    await vi.waitFor(() => expect(web.calls).toHaveLength(2));
    rotate();
    const late = isFound("next");
    expect([await early, await late]).toEqual([false, true]);
    expect(old).not.toBe(web.pages[url]);
  });
});

describe("an issuer that cannot be reached", () => {
  const down = new Error("connect ECONNREFUSED");

  it("is an error of the provider's, asked again after five seconds only", async () => {
    web.pages[url] = down;
    for (let i = 0; i < 5; i++) await expect(find()).rejects.toMatchObject({ url });
    expect(web.calls).toHaveLength(1);
    web.pages[url] = { keys: [first.jwk] };
    clock.advance(5_000);
    expect(await isFound()).toBe(true);
  });

  it("keeps nobody waiting whose key is known", async () => {
    await find();
    web.pages[url] = down;
    clock.advance(11 * minute);
    await find();
    clock.advance(6_000);
    let answer: (error: Error) => void = () => undefined;
    const silent = new Promise<never>((_resolve, reject) => {
      answer = reject;
    });
    load = () => silent;
    expect(await isFound()).toBe(true);
    answer(down);
  });

  it("leaves the keys it gave good for an hour", async () => {
    await find();
    web.pages[url] = down;
    clock.advance(59 * minute);
    const found = await find();
    expect(found.goodUntil).toBeLessThan(clock.now());
    expect(await isFound("unknown")).toBe(false);
    expect(await isFound()).toBe(true);
    clock.advance(minute);
    expect(await isFound()).toBe(false);
  });
});

describe("an answer that is no key set", () => {
  it.each<[string, unknown]>([
    ["an error page", new Response("down", { status: 503, statusText: "Service Unavailable" })],
    ["a redirect", new Response("", { status: 302, headers: { location: "https://evil.test" } })],
    ["a web page", new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["broken JSON", new Response("{", { headers: { "content-type": "application/json" } })],
    ["a list", []],
    ["no keys", {}],
    ["keys that are no objects", { keys: ["key"] }],
    ["far too much", { keys: [], padding: "x".repeat(600_000) }],
  ])("is refused: %s", async (_what, page) => {
    web.pages[url] = page;
    await expect(find()).rejects.toMatchObject({ name: "IssuerFetchError", url });
    expect(web.calls).toEqual([url]);
  });
});
