import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type FakeIssuer,
  fakeFetch,
  fakeIssuer,
  manualClock,
} from "../../test/support/fakeIssuer.ts";
import { silentLog } from "../core/log.ts";
import { fetchKeySet } from "./issuerFetch.ts";
import { type KeySource, remoteKeys } from "./keySource.ts";

const url = "https://issuer.test/jwks";
const minute = 60_000;

let first: FakeIssuer;
let clock: ReturnType<typeof manualClock>;
let web: ReturnType<typeof fakeFetch>;
let keys: KeySource;

beforeAll(async () => {
  first = await fakeIssuer("first", "ES256");
});

beforeEach(() => {
  clock = manualClock();
  web = fakeFetch({ [url]: { keys: [first.jwk] } });
  keys = remoteKeys({ load: () => fetchKeySet(web.fetch, url), clock, log: silentLog });
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

  it("are fetched at most twice a minute for unknown key ids", async () => {
    await find();
    for (let i = 0; i < 20; i++) expect(await isFound(`unknown-${i}`)).toBe(false);
    expect(web.calls).toHaveLength(1);
    clock.advance(30_000);
    for (let i = 0; i < 20; i++) expect(await isFound(`unknown-${i}`)).toBe(false);
    expect(web.calls).toHaveLength(2);
  });

  it("include one added since, under another revision", async () => {
    await find();
    web.pages[url] = { keys: [first.jwk, { ...first.jwk, kid: "next" }] };
    clock.advance(30_000);
    expect(await isFound("next")).toBe(true);
    expect(keys.revision()).toBe(2);
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

  it("leaves the keys it gave good for an hour", async () => {
    await find();
    web.pages[url] = down;
    clock.advance(59 * minute);
    const found = await find();
    expect(found.goodUntil).toBeLessThan(clock.now());
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
