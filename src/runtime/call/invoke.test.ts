import { v } from "convex/values";
import { beforeEach, describe, expect, it } from "vitest";
import {
  CounterDatabase,
  FakeAccounts,
  fakeServices,
} from "../../../test/support/functions/fakeServices.ts";
import { sampleModules } from "../../../test/support/functions/sampleModules.ts";
import { MemoryLog } from "../../../test/support/functions/sampleServer.ts";
import type { Identity, UserIdentity } from "../../auth/identity.ts";
import { systemClock } from "../../core/clock.ts";
import type { Tx } from "../../db/port.ts";
import { isFunctionDefinition } from "../builders.ts";
import { buildRegistry } from "../registry.ts";
import { type Call, Invoker } from "./invoke.ts";
import type { CallRecord } from "./outcome.ts";

let db: CounterDatabase;
let accounts: FakeAccounts;
let log: MemoryLog;
let records: CallRecord[];
let invoker: Invoker;

beforeEach(() => {
  db = new CounterDatabase();
  accounts = new FakeAccounts();
  log = new MemoryLog();
  records = [];
  invoker = new Invoker({
    registry: buildRegistry(sampleModules),
    // A minute that does not pass.
    services: { ...fakeServices(db), clock: { ...systemClock, now: () => 0 } },
    accounts,
    log,
    onCall: (record) => records.push(record),
  });
});

const alice: UserIdentity = {
  kind: "user",
  issuer: "https://issuer.example",
  subject: "alice",
  email: "alice@example.com",
};

function call(
  name: string,
  args: unknown,
  identity: Identity = { kind: "anonymous" },
  more: Partial<Call> = {},
) {
  const request: Call = {
    name,
    kind: undefined,
    args,
    argsBytes: 0,
    format: "json",
    identity,
    requestId: "r1",
    signal: () => new AbortController().signal,
    ...more,
  };
  return invoker.invoke(request);
}

const refusal = (code: string) => ({ ok: false, failure: { kind: "refused", data: { code } } });

describe("users", () => {
  it("are provisioned by their first call, once", async () => {
    const first = await call("users/queries:me", {}, alice);
    await call("users/queries:me", {}, alice);
    expect(first).toEqual({ ok: true, json: '{"id":"user_alice","email":"alice@example.com"}' });
    expect(accounts.provisions).toBe(1);
  });

  it("are provisioned again when their claims changed, and the call sees the new row", async () => {
    await call("users/queries:me", {}, alice);
    const outcome = await call("users/queries:me", {}, { ...alice, email: "new@example.com" });
    expect(outcome).toMatchObject({ json: expect.stringContaining("new@example.com") });
  });

  it("are refused when deactivated, whatever the function, without a write", async () => {
    await accounts.provision(alice);
    const row = accounts.rows.get("alice");
    if (row) row.isActive = false;
    expect(await call("users/queries:me", {}, alice)).toMatchObject(refusal("FORBIDDEN"));
    expect(await call("counter:add", { by: 1 }, alice)).toMatchObject(refusal("FORBIDDEN"));
    expect([db.total, accounts.provisions]).toEqual([0, 1]);
  });

  it("must be signed in where the permission says so", async () => {
    expect(await call("users/queries:me", {})).toMatchObject(refusal("UNAUTHORIZED"));
    expect(await call("samples:adminOnly", {}, alice)).toMatchObject(refusal("FORBIDDEN"));
    expect(await call("samples:adminOnly", {}, { kind: "admin" })).toEqual({
      ok: true,
      json: "null",
    });
  });

  it("provision before an action's permission is checked", async () => {
    await call("meetings/stream/index:startRecording", { meetingId: "m" }, alice);
    expect(accounts.rows.has("alice")).toBe(true);
  });
});

describe("the order of checks", () => {
  it("judges the arguments before the permission and opens no transaction for bad ones", async () => {
    const outcome = await call("counter:add", { by: "1" });
    expect(outcome).toMatchObject(refusal("VALIDATION_ERROR"));
    expect(db.transactions).toBe(0);
    expect(await call("samples:adminOnly", { x: 1 })).toMatchObject(refusal("VALIDATION_ERROR"));
  });
});

describe("mutations", () => {
  it("commit what they wrote", async () => {
    expect(await call("counter:add", { by: 2 })).toEqual({ ok: true, json: '{"total":2}' });
    expect(db.total).toBe(2);
  });

  it("leave nothing behind when they refuse", async () => {
    expect(await call("counter:add", { by: 2, after: "refuse" })).toMatchObject(
      refusal("CONFLICT"),
    );
    expect(db.total).toBe(0);
  });

  it("leave nothing behind when their result is wrong, which is logged by place and never by value", async () => {
    const outcome = await call("counter:add", { by: 2, after: "lie" });
    expect(outcome).toEqual({ ok: false, failure: { kind: "broken" } });
    expect(db.total).toBe(0);
    expect(log.lines).toEqual([
      "error function broke ResultMismatchError: ReturnsValidationError in counter:add at result.total: wrong_value, expected a number",
    ]);
  });

  it("are counted together where they are kept for repeats, each user's by themselves", async () => {
    const keep = (requestId: number, who = alice) =>
      call("counter:add", { by: 1 }, who, { once: { sessionId: "s", requestId } });
    const limited = { metadata: { action: "all mutations", limit: 2400 } };
    const refused = { failure: { data: { code: "RATE_LIMIT_EXCEEDED", ...limited } } };
    for (let id = 0; id < 2400; id++) expect(await keep(id)).not.toMatchObject(refused);
    expect(await keep(2400)).toMatchObject(refused);
    expect(await keep(0, { ...alice, subject: "bob" })).not.toMatchObject(refused);
    expect(await call("counter:add", { by: 1 }, alice)).toMatchObject({ ok: true });
  });

  it("see each attempt's own transaction when the database runs them again", async () => {
    const attempts: Tx[] = [];
    const once = db.transaction.bind(db);
    db.transaction = async (work) => {
      await new CounterDatabase().transaction(async (tx) => {
        attempts.push(tx);
        return work(tx);
      });
      return once(work);
    };
    expect(await call("counter:add", { by: 2 })).toEqual({ ok: true, json: '{"total":2}' });
    expect(db.total).toBe(2);
  });
});

describe("records of calls", () => {
  it.each<[string, string, unknown, Partial<CallRecord>]>([
    ["a success", "counter:total", {}, { fn: "counter:total", kind: "query", outcome: "success" }],
    [
      "a caller's fault",
      "samples:fail",
      { how: "limit" },
      { outcome: "refused", code: "RATE_LIMIT_EXCEEDED", blame: "caller" },
    ],
    [
      "a provider's fault",
      "samples:fail",
      { how: "provider" },
      { outcome: "refused", code: "STREAM_ERROR", blame: "provider" },
    ],
    [
      "our fault",
      "samples:fail",
      { how: "unknown" },
      { outcome: "broken", code: "INTERNAL_ERROR", blame: "us" },
    ],
    [
      "a lost database",
      "samples:fail",
      { how: "database" },
      { outcome: "unavailable", code: "DatabaseUnavailable" },
    ],
    [
      "an unknown name, which is no label",
      "evil:name",
      {},
      { fn: "unknown", kind: "unknown", outcome: "refused", code: "NOT_FOUND" },
    ],
  ])("tell of %s", async (_name, name, args, expected) => {
    await call(name, args);
    expect(records).toEqual([expect.objectContaining({ ...expected, requestId: "r1" })]);
    expect(records[0]?.ms).toBeGreaterThanOrEqual(0);
  });

  it("warn of providers and the database, not of callers", async () => {
    await call("samples:fail", { how: "limit" });
    await call("samples:fail", { how: "provider" });
    await call("samples:fail", { how: "database" });
    expect(log.lines.map((line) => line.slice(0, 24))).toEqual([
      "warn provider failed a f",
      "warn function unavailabl",
    ]);
  });
});

describe("buildRegistry", () => {
  it("registers functions only, under module:export", () => {
    const names = [...buildRegistry(sampleModules).keys()];
    expect(names).toContain("meetings/stream/index:startRecording");
    expect(names).toContain("messages:default");
    expect(names).not.toContain("messages:helper");
  });

  it("refuses names that could not be called", () => {
    const definition = sampleModules["counter"]?.["total"];
    expect(() => buildRegistry({ "a-b": { total: definition } })).toThrow(
      /not a legal function name/,
    );
  });

  it("takes only what the builders made", () => {
    const forged = { kind: "query", args: {}, returns: v.null(), handler: () => null };
    expect(isFunctionDefinition(forged)).toBe(false);
    expect(buildRegistry({ m: { forged } }).size).toBe(0);
  });
});
