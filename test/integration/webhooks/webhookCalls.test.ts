import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../../../src/auth/identity.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { admin, type MeetingStage, meetingStage, nobody, person } from "../support/meetingCalls.ts";

let test: TestDatabase;
let stage: MeetingStage;
let orgId: string;
let orgAdmin: Identity;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(() => {
  orgId = `org_${randomUUID()}`;
  orgAdmin = person({ orgId, orgRole: "admin" });
});

interface Endpoint {
  endpointId: string;
  url: string;
  eventTypes: string[];
  enabled: boolean;
  secret?: string;
}
const url = "https://hooks.example.org/connvo?x=1";
const create = (args: object = {}, who = orgAdmin) =>
  stage.call<Endpoint>(who, "webhooks/mutations:createEndpoint", { url, ...args });
const endpoints = (who = orgAdmin, args = {}) =>
  stage.call<Endpoint[]>(who, "webhooks/queries:listEndpoints", args);

/** Every function of webhooks, with arguments that would do. */
const everything = (endpointId: string): [string, object][] => [
  ["webhooks/mutations:createEndpoint", { url }],
  ["webhooks/mutations:updateEndpoint", { endpointId, enabled: false }],
  ["webhooks/mutations:deleteEndpoint", { endpointId }],
  ["webhooks/mutations:rotateSecret", { endpointId }],
  ["webhooks/mutations:sendTestEvent", { endpointId }],
  ["webhooks/mutations:replayDelivery", { endpointId, eventId: "webhook_x" }],
  ["webhooks/queries:listEndpoints", {}],
  ["webhooks/queries:listDeliveries", { endpointId }],
];

describe("whoever is no administrator of the organisation", () => {
  const others: [string, () => Identity, string][] = [
    ["nobody", () => nobody, "UNAUTHORIZED"],
    ["a member", () => person({ orgId, orgRole: "member" }), "INSUFFICIENT_PERMISSIONS"],
    ["a member without role", () => person({ orgId }), "INSUFFICIENT_PERMISSIONS"],
    ["somebody without organisation", () => person({ orgRole: "admin" }), "FORBIDDEN"],
    ["the administration key for no organisation", () => admin, "VALIDATION_ERROR"],
  ];
  it.each(others)("can do nothing: %s", async (_, who, code) => {
    const { endpointId } = await create();
    for (const [name, args] of everything(endpointId))
      expect([name, (await stage.refusal(who(), name, args)).code]).toEqual([name, code]);
    expect(await endpoints()).toMatchObject([{ endpointId, enabled: true }]);
  });

  it("can do nothing to it as another's administrator, whatever they name", async () => {
    const { endpointId } = await create();
    const other = person({ orgId: `${orgId}_2`, orgRole: "admin" });
    for (const [name, args] of everything(endpointId)) {
      const named = await stage.refusal(other, name, { ...args, orgId });
      expect([name, named.code]).toEqual([name, "NOT_FOUND"]);
      if (!("endpointId" in args)) continue;
      expect([name, (await stage.refusal(other, name, args)).code]).toEqual([name, "NOT_FOUND"]);
    }
    expect(await endpoints()).toMatchObject([{ endpointId, enabled: true }]);
    expect(await endpoints(other)).toEqual([]);
  });

  it("is told which role it takes, or that it takes an organisation", async () => {
    const name = "webhooks/queries:listEndpoints";
    expect(await stage.refusal(person({ orgId, orgRole: "member" }), name)).toMatchObject({
      metadata: { requiredRole: "admin", currentRole: "member" },
    });
    expect(await stage.refusal(person(), name)).toMatchObject({
      message: expect.stringContaining("organisation"),
      metadata: { reason: "no_organization" },
    });
  });
});

describe("an administrator", () => {
  it("registers, changes and removes endpoints, and is shown the secret once", async () => {
    const created = await create({ description: "CRM", eventTypes: ["recording.ready"] });
    const { endpointId, secret } = created;
    expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
    expect(created).toMatchObject({ url, description: "CRM", enabled: true });
    const [listed] = await endpoints();
    expect(listed).toMatchObject({ endpointId, url, eventTypes: ["recording.ready"] });
    expect(JSON.stringify(listed)).not.toContain("whsec_");
    const change = { endpointId, url: "https://example.org/", eventTypes: [], enabled: false };
    const changed = await stage.call(orgAdmin, "webhooks/mutations:updateEndpoint", change);
    expect(changed).toMatchObject({ ...change, description: "CRM", disabledReason: "admin" });
    const again = { endpointId, enabled: true };
    expect(
      await stage.call(orgAdmin, "webhooks/mutations:updateEndpoint", again),
    ).not.toHaveProperty("disabledReason");
    await stage.call(orgAdmin, "webhooks/mutations:deleteEndpoint", { endpointId });
    expect(await endpoints()).toEqual([]);
  });

  it("is noted in the audit log with everything they do, without secrets", async () => {
    const { endpointId } = await create();
    await stage.call(orgAdmin, "webhooks/mutations:rotateSecret", { endpointId });
    const { eventId } = await stage.call<{ eventId: string }>(
      orgAdmin,
      "webhooks/mutations:sendTestEvent",
      { endpointId },
    );
    await stage.call(orgAdmin, "webhooks/mutations:replayDelivery", { endpointId, eventId });
    await stage.call(orgAdmin, "webhooks/mutations:updateEndpoint", { endpointId, enabled: true });
    await stage.call(orgAdmin, "webhooks/mutations:deleteEndpoint", { endpointId });
    const rows = await test.sql<{ action: string; actor_user_id: string | null; all: string }>(
      `SELECT action, actor_user_id, audit_logs::text AS all FROM audit_logs
       WHERE resource_id = $1 ORDER BY id`,
      [endpointId],
    );
    expect(rows.map(({ action }) => action).sort()).toEqual(
      ["create", "delete", "replay", "rotate", "test", "update"].map((verb) => `webhook.${verb}`),
    );
    for (const row of rows) {
      expect(row.actor_user_id).toMatch(/^user_/);
      expect(row.all).not.toMatch(/whsec_|x=1/);
    }
  });

  it("has 20 endpoints at most, also when many are asked for at once", async () => {
    const answers = await Promise.allSettled(Array.from({ length: 24 }, () => create()));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    const refused = await stage.refusal(orgAdmin, "webhooks/mutations:createEndpoint", { url });
    expect(refused).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "too_many_endpoints", limit: 20 },
    });
  });

  it.each([
    [{ url: "http://example.org/" }, "url"],
    [{ url: "https://a:b@example.org/" }, "url"],
    [{ url: "https://example.org:8443/" }, "url"],
    [{ url: `https://example.org/${"x".repeat(2_048)}` }, "url"],
    [{ description: "x".repeat(201) }, "description"],
    [{ description: "a\u202eb" }, "description"],
    [{ eventTypes: ["recording.exploded"] }, undefined],
    [{ eventTypes: ["webhook.test"] }, undefined],
    [{ secret: "whsec_mine" }, undefined],
  ])("is refused %j", async (args, field) => {
    const refused = await stage.refusal(orgAdmin, "webhooks/mutations:createEndpoint", {
      url,
      ...args,
    });
    expect(refused).toMatchObject({ code: "VALIDATION_ERROR" });
    if (field !== undefined) expect(refused.metadata).toMatchObject({ field });
    expect(await endpoints()).toEqual([]);
  });

  it.each(["endpoint_none", "", "x".repeat(1_000)])(
    "meets NOT_FOUND for the endpoint %j",
    async (endpointId) => {
      for (const [name, args] of everything(endpointId))
        if ("endpointId" in args)
          expect((await stage.refusal(orgAdmin, name, args)).code).toBe("NOT_FOUND");
    },
  );

  it("replays only what was sent to that endpoint", async () => {
    const { endpointId } = await create();
    const other = await create();
    const { eventId } = await stage.call<{ eventId: string }>(
      orgAdmin,
      "webhooks/mutations:sendTestEvent",
      { endpointId },
    );
    for (const args of [
      { endpointId: other.endpointId, eventId },
      { endpointId, eventId: "webhook_none" },
    ]) {
      const refused = await stage.refusal(orgAdmin, "webhooks/mutations:replayDelivery", args);
      expect(refused.code).toBe("NOT_FOUND");
    }
  });

  it("lists a page of deliveries, newest first", async () => {
    const { endpointId } = await create();
    const sent: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { eventId } = await stage.call<{ eventId: string }>(
        orgAdmin,
        "webhooks/mutations:sendTestEvent",
        { endpointId },
      );
      sent.push(eventId);
    }
    const list = (limit: number) =>
      stage.call<{ eventId: string }[]>(orgAdmin, "webhooks/queries:listDeliveries", {
        endpointId,
        limit,
      });
    expect((await list(2)).map(({ eventId }) => eventId)).toEqual(sent.reverse().slice(0, 2));
    const wrong = await stage.refusal(orgAdmin, "webhooks/queries:listDeliveries", {
      endpointId,
      limit: 101,
    });
    expect(wrong).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field: "limit" } });
  });
});

describe("the administration key", () => {
  it("does for an organisation that it names what its administrators do", async () => {
    const { endpointId } = await create({ orgId }, admin);
    expect(await endpoints()).toMatchObject([{ endpointId }]);
    expect(await endpoints(admin, { orgId })).toMatchObject([{ endpointId }]);
    await stage.call(admin, "webhooks/mutations:deleteEndpoint", { orgId, endpointId });
    expect(await endpoints()).toEqual([]);
  });

  it.each(["", "a\nb", "x".repeat(256)])("is refused the organisation %j", async (named) => {
    const args = { orgId: named };
    const refused = await stage.refusal(admin, "webhooks/queries:listEndpoints", args);
    expect(refused).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field: "orgId" } });
  });
});
