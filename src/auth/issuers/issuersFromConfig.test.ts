import type { JWTPayload } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type FakeIssuer,
  fakeFetch,
  fakeIssuer,
  manualClock,
} from "../../../test/support/fakeIssuer.ts";
import { silentLog } from "../../core/log.ts";
import { createAuthenticator } from "../tokens/authenticator.ts";
import { type IssuerSettings, issuersFromConfig } from "./issuersFromConfig.ts";

const workosKeys = "https://api.workos.com/sso/jwks/client_1";
const oidcName = "https://accounts.test/realm";
const discovery = `${oidcName}/.well-known/openid-configuration`;
const oidcKeys = "https://keys.test/jwks";

let key: FakeIssuer;
let clock: ReturnType<typeof manualClock>;
let web: ReturnType<typeof fakeFetch>;

beforeAll(async () => {
  key = await fakeIssuer("key-1");
});

beforeEach(() => {
  clock = manualClock();
  web = fakeFetch({
    [workosKeys]: { keys: [key.jwk] },
    [discovery]: { issuer: oidcName, jwks_uri: oidcKeys },
    [oidcKeys]: { keys: [key.jwk] },
  });
});

const workos: IssuerSettings = {
  workosClientId: "client_1",
  workosPlanClaim: "recording",
  oidcAlgorithm: "RS256",
};
const oidc: IssuerSettings = {
  oidcIssuer: oidcName,
  oidcAudience: "connvo-api",
  oidcAlgorithm: "RS256",
};

async function authenticate(settings: IssuerSettings, claims: JWTPayload, header?: object) {
  const now = clock.now() / 1000;
  const token = await key.sign({ sub: "user_1", exp: now + 300, iat: now, ...claims }, header);
  const { fetch } = web;
  const issuers = issuersFromConfig(settings);
  const options = { issuers, adminKey: "unused", clock, log: silentLog, fetch };
  return createAuthenticator(options).authenticate(`Bearer ${token}`);
}

describe("WorkOS", () => {
  const iss = "https://api.workos.com";

  it.each([iss, `${iss}/`, `${iss}/user_management/client_1`])(
    "is known as %s, always for the same users",
    async (name) => {
      const keptAs = `${iss}/user_management/client_1`;
      expect(await authenticate(workos, { iss: name })).toMatchObject({ issuer: keptAs });
      expect(web.calls).toEqual([workosKeys]);
    },
  );

  it("is not another client's issuer", async () => {
    const attempt = authenticate(workos, { iss: `${iss}/user_management/client_2` });
    await expect(attempt).rejects.toMatchObject({ code: "NoAuthProvider" });
  });

  it("may name our client as audience, and no other", async () => {
    expect(await authenticate(workos, { iss, aud: "client_1" })).toMatchObject({ kind: "user" });
    await expect(authenticate(workos, { iss, aud: "client_2" })).rejects.toMatchObject({
      code: "NoAuthProvider",
    });
  });

  it("tells organisation, role and plan", async () => {
    const identity = await authenticate(workos, {
      iss,
      org_id: "org_1",
      role: "admin",
      entitlements: ["audit-logs", "recording"],
      email: "ann@example.com",
      name: "Ann",
      picture: "https://pictures.test/ann.png",
    });
    expect(identity).toEqual({
      kind: "user",
      issuer: `${iss}/user_management/client_1`,
      subject: "user_1",
      email: "ann@example.com",
      name: "Ann",
      pictureUrl: "https://pictures.test/ann.png",
      orgId: "org_1",
      orgRole: "admin",
      plan: "paid",
      statesOrg: true,
    });
  });

  it.each<[string, JWTPayload, "free" | undefined]>([
    ["other entitlements", { entitlements: ["audit-logs"] }, "free"],
    ["none left", { entitlements: [] }, "free"],
    ["no such claim", {}, undefined],
    ["a claim of another kind", { entitlements: "recording" }, undefined],
    ["a plan claim of its own", { connvo_plan: "paid", plan: "paid" }, undefined],
    ["an admin's role", { role: "admin" }, undefined],
  ])("is not paid by %s", async (_what, claims, plan) => {
    const identity = await authenticate(workos, { iss, org_id: "org_1", ...claims });
    expect("plan" in identity ? identity.plan : undefined).toBe(plan);
  });

  it("gives no role without an organisation", async () => {
    const identity = await authenticate(workos, { iss, role: "admin" });
    expect(identity).not.toHaveProperty("orgRole");
  });

  it.each<[string, unknown]>([
    ["gone", new Error("no route")],
    ["broken", new Response("", { status: 503, statusText: "Service Unavailable" })],
  ])("is a provider's failure when its keys are %s, never anonymous", async (_what, page) => {
    web.pages[workosKeys] = page;
    await expect(authenticate(workos, { iss })).rejects.toMatchObject({
      httpStatus: 401,
      code: "InvalidAuthHeader",
      blame: "provider",
      retryAfterMs: 5000,
      message: expect.stringContaining(`Could not fetch JWKS from URL '${workosKeys}'`),
    });
  });
});

describe("an OpenID Connect issuer", () => {
  const good = { iss: oidcName, aud: "connvo-api" };

  it("is discovered", async () => {
    expect(await authenticate(oidc, good)).toMatchObject({ issuer: oidcName });
    expect(web.calls).toEqual([discovery, oidcKeys]);
  });

  it("may leave the key id out when it has one key", async () => {
    expect(await authenticate(oidc, good, { kid: undefined })).toMatchObject({ kind: "user" });
    web.pages[oidcKeys] = { keys: [key.jwk, { ...key.jwk, kid: "key-2" }] };
    await expect(authenticate(oidc, good, { kid: undefined })).rejects.toMatchObject({
      code: "Unauthenticated",
    });
  });

  it("needs the audience", async () => {
    const attempt = authenticate(oidc, { iss: oidcName });
    await expect(attempt).rejects.toMatchObject({ code: "NoAuthProvider" });
  });

  it("is held to the configured algorithm", async () => {
    const attempt = authenticate({ ...oidc, oidcAlgorithm: "ES256" }, good);
    await expect(attempt).rejects.toMatchObject({ httpStatus: 401, code: "Unauthenticated" });
    expect(web.calls).toEqual([]);
  });

  it("has expired tokens refused", async () => {
    const attempt = authenticate(oidc, { ...good, exp: clock.now() / 1000 - 60 });
    await expect(attempt).rejects.toMatchObject({ httpStatus: 401, code: "Unauthenticated" });
  });

  it("has an address kept only when it is not known to be unverified", async () => {
    const email = "ann@example.com";
    const unverified = { ...good, email, email_verified: false };
    expect(await authenticate(oidc, unverified)).not.toHaveProperty("email");
    const silent = await authenticate(oidc, { ...good, email });
    expect(silent).toMatchObject({ email });
    expect(silent).not.toHaveProperty("emailVerified");
    for (const said of [true, "true"])
      expect(await authenticate(oidc, { ...good, email, email_verified: said })).toMatchObject({
        email,
        emailVerified: true,
      });
    expect(await authenticate(oidc, { ...good, email_verified: true })).not.toHaveProperty(
      "emailVerified",
    );
  });

  it("may give a name in parts, and no picture a browser would run", async () => {
    const claims = { ...good, given_name: "Ann", family_name: "Lee", picture: "javascript:x()" };
    const identity = await authenticate(oidc, claims);
    expect(identity).toMatchObject({ name: "Ann Lee" });
    expect(identity).not.toHaveProperty("pictureUrl");
  });

  it.each<[string, unknown, number]>([
    ["broken", new Response("", { status: 500 }), 503],
    ["not found", new Response("", { status: 404 }), 404],
    ["busy", new Response("", { status: 429 }), 429],
    ["unreachable", new Error("no route"), 400],
    ["another issuer's", { issuer: "https://evil.test", jwks_uri: oidcKeys }, 400],
    ["without keys", { issuer: oidcName }, 400],
    ["sending keys in the clear", { issuer: oidcName, jwks_uri: "http://keys.test/jwks" }, 400],
  ])("is a provider's failure when its discovery is %s", async (_what, page, httpStatus) => {
    web.pages[discovery] = page;
    await expect(authenticate(oidc, good)).rejects.toMatchObject({
      httpStatus,
      code: "AuthProviderDiscoveryFailed",
      blame: "provider",
    });
  });
});

it("no issuer is accepted that the settings do not name", () => {
  expect(issuersFromConfig({ oidcAlgorithm: "RS256" })).toEqual([]);
});

describe("the claim that names a plan", () => {
  const iss = oidcName;
  const planFrom = async (planClaim: string | undefined, claims: JWTPayload, settings = oidc) => {
    const chosen = { ...settings, planClaim, paidPlans: ["pro", "enterprise", "true"] };
    const identity = await authenticate(chosen, { iss, aud: "connvo-api", ...claims });
    return "claimedPlan" in identity ? identity.claimedPlan : undefined;
  };

  it.each<[string, string | undefined, JWTPayload, "free" | "paid" | undefined]>([
    ["one of the paid values", "plan", { plan: "pro" }, "paid"],
    ["another value", "plan", { plan: "hobby" }, "free"],
    ["a list with a paid one", "groups", { groups: ["staff", "enterprise"] }, "paid"],
    ["a list without", "groups", { groups: [] }, "free"],
    ["a flag", "can_record", { can_record: true }, "paid"],
    ["a name that is an address", "https://x.test/plan", { "https://x.test/plan": "pro" }, "paid"],
    ["a place in an object", "realm_access.roles", { realm_access: { roles: ["pro"] } }, "paid"],
    ["an object's own properties only", "a.constructor", { a: {} }, undefined],
    ["no claim", "plan", {}, undefined],
    ["a claim nobody chose", undefined, { plan: "pro", connvo_plan: "paid" }, undefined],
  ])("is read: %s", async (_what, name, claims, plan) => {
    expect(await planFrom(name, claims)).toBe(plan);
  });

  it("is read of WorkOS tokens too", async () => {
    const claims = { iss: "https://api.workos.com", aud: "client_1", plan: "pro" };
    expect(await planFrom("plan", claims, workos)).toBe("paid");
  });
});
