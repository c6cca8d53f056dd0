import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeIssuer, manualClock } from "../../../test/support/fakeIssuer.ts";
import { silentLog } from "../../core/log.ts";
import { adminKeyFile, loadAdminKey } from "../adminKey.ts";
import type { Plan } from "../identity.ts";
import { createAuthenticator } from "../tokens/authenticator.ts";
import { localAudience, localIssuerName, openLocalIssuer } from "./localIssuer.ts";

let dataDir: string;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), "connvo-auth-"));
  clock = manualClock();
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const open = (plan: Plan = "paid", folder = dataDir) =>
  openLocalIssuer({ dataDir: folder, plan, clock, log: silentLog });

const keyFile = () => path.join(dataDir, "keys", "localIssuer.json");

/** Its keys are in memory. */
const neverFetched = () => Promise.reject(new Error("nothing is fetched here"));
const authenticatorOf = async (issuer: Awaited<ReturnType<typeof open>>) =>
  createAuthenticator({
    ...{ issuers: [issuer.issuer], adminKey: "unused", clock, log: silentLog },
    fetch: neverFetched,
  });

describe("the built-in issuer", () => {
  it("signs people in under their name for twelve hours", async () => {
    const issuer = await open();
    const { token, expiresAt } = await issuer.issue(" Alice ");
    expect(expiresAt).toBe(clock.now() + 12 * 3_600_000);
    const identity = await (await authenticatorOf(issuer)).authenticate(`Bearer ${token}`);
    expect(identity).toEqual({
      kind: "user",
      issuer: localIssuerName,
      subject: expect.stringMatching(/^local_[0-9a-f]{32}$/),
      name: "Alice",
      email: "alice@local.invalid",
      emailVerified: true,
      plan: "paid",
    });
    expect(decodeJwt(token)).toMatchObject({ aud: localAudience, iat: clock.now() / 1000 });
  });

  it("gives the plan it was told", async () => {
    const issuer = await open("free");
    const { token } = await issuer.issue("Alice");
    const identity = await (await authenticatorOf(issuer)).authenticate(`Bearer ${token}`);
    expect(identity).toMatchObject({ plan: "free" });
  });

  it("has its tokens refused when they are over", async () => {
    const issuer = await open();
    const { token } = await issuer.issue("Alice");
    const authenticator = await authenticatorOf(issuer);
    clock.advance(12 * 3_600_000 + 6_000);
    await expect(authenticator.authenticate(`Bearer ${token}`)).rejects.toMatchObject({
      httpStatus: 401,
    });
  });

  it.each([
    ["Alice", "ALICE", "alice ", "\talice"],
    ["Zoë", "Zoe\u0308", "ZOË"],
    ["Straße", "STRASSE"],
    ["Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"],
  ])("knows %s by every spelling", async (...spellings) => {
    const issuer = await open();
    const tokens = await Promise.all(spellings.map((name) => issuer.issue(name)));
    const people = tokens.map(({ token }) => decodeJwt(token));
    expect(new Set(people.map(({ sub }) => sub)).size).toBe(1);
    expect(new Set(people.map(({ email }) => email)).size).toBe(1);
  });

  it("tells people apart whose addresses would look alike", async () => {
    const issuer = await open();
    const names = ["Zoe", "Zoë", "李雷", "韩梅梅", "zoe!", "🦊"];
    const tokens = await Promise.all(names.map((name) => issuer.issue(name)));
    const people = tokens.map(({ token }) => decodeJwt(token));
    expect(new Set(people.map(({ sub }) => sub)).size).toBe(names.length);
    expect(new Set(people.map(({ email }) => email)).size).toBe(names.length);
    for (const { email } of people) expect(email).toMatch(/^[a-z0-9-]+@local\.invalid$/);
  });

  it("accepts names of 80 characters, counted as people count", async () => {
    const issuer = await open();
    await issuer.issue("🦊".repeat(80));
    await expect(issuer.issue("a".repeat(81))).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  it.each<[string, unknown]>([
    ["missing", undefined],
    ["no text", 7],
    ["a list", ["Alice"]],
    ["empty", ""],
    ["blank", " \t\u00a0"],
    ["too long", "x".repeat(10_000)],
    ["with NUL", "a\u0000b"],
    ["with a line break", "a\nb"],
    ["with a paragraph separator", "a\u2029b"],
    ["with reversed text", "a\u202eb"],
    ["half a character", "a\ud800"],
  ])("refuses a name that is %s", async (_what, name) => {
    const issuer = await open();
    await expect(issuer.issue(name)).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "name" },
    });
  });

  it("publishes its public key only", async () => {
    const { jwks } = await open();
    expect(jwks.keys).toHaveLength(1);
    expect(Object.keys(jwks.keys[0] ?? {}).sort()).toEqual(
      ["alg", "crv", "kid", "kty", "use", "x", "y"].sort(),
    );
  });
});

describe("tokens at the built-in issuer's door", () => {
  const claims = () => ({
    iss: localIssuerName,
    aud: localAudience,
    sub: "local_1",
    exp: clock.now() / 1000 + 300,
  });

  it("are refused when another installation signed them", async () => {
    const elsewhere = await mkdtemp(path.join(os.tmpdir(), "connvo-auth-"));
    try {
      const { token } = await (await open("paid", elsewhere)).issue("Alice");
      const authenticator = await authenticatorOf(await open());
      await expect(authenticator.authenticate(`Bearer ${token}`)).rejects.toMatchObject({
        code: "InvalidAuthHeader",
      });
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it("are refused with a key of the caller's own under our key id", async () => {
    const issuer = await open();
    const forger = await fakeIssuer(String(issuer.jwks.keys[0]?.kid), "ES256");
    const authenticator = await authenticatorOf(issuer);
    const attempt = authenticator.authenticate(`Bearer ${await forger.sign(claims())}`);
    await expect(attempt).rejects.toMatchObject({ code: "InvalidAuthHeader" });
  });

  it("are refused when they are meant for a room", async () => {
    const room = await fakeIssuer("room", "ES256");
    const authenticator = createAuthenticator({
      issuers: [{ ...(await open()).issuer, keys: { from: "memory", jwks: { keys: [room.jwk] } } }],
      adminKey: "unused",
      clock,
      log: silentLog,
      fetch: neverFetched,
    });
    const token = await room.sign({ ...claims(), aud: "connvo-room" });
    await expect(authenticator.authenticate(`Bearer ${token}`)).rejects.toMatchObject({
      code: "NoAuthProvider",
    });
  });
});

describe("a secret of the server's own", () => {
  it("is one for all who start at once, readable by its owner only", async () => {
    const issuers = await Promise.all(Array.from({ length: 12 }, () => open()));
    expect(new Set(issuers.map(({ jwks }) => jwks.keys[0]?.kid)).size).toBe(1);
    expect(await readdir(path.join(dataDir, "keys"))).toEqual(["localIssuer.json"]);
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(keyFile()))).mode & 0o777).toBe(0o700);
  });

  it("outlives a restart", async () => {
    const { token } = await (await open()).issue("Alice");
    const authenticator = await authenticatorOf(await open());
    expect(await authenticator.authenticate(`Bearer ${token}`)).toMatchObject({ kind: "user" });
  });

  it("is private again after its mode was lost", async () => {
    await open();
    await chmod(keyFile(), 0o644);
    await open();
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  });

  it("stops the start when it is damaged, without being quoted or overwritten", async () => {
    await open();
    const text = await readFile(keyFile(), "utf8");
    await writeFile(keyFile(), text.slice(0, 60));
    const error = await open().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ message: expect.stringContaining(keyFile()) });
    expect(String(error)).not.toContain(text.slice(8, 30));
    expect(await readFile(keyFile(), "utf8")).toBe(text.slice(0, 60));
  });

  it("is made for administration where none is configured", async () => {
    const keys = await Promise.all([1, 2, 3].map(() => loadAdminKey({ dataDir }, silentLog)));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\w-]{43}$/);
    expect((await stat(adminKeyFile(dataDir))).mode & 0o777).toBe(0o600);
  });

  it("is not made where one is configured", async () => {
    const adminKey = "configured administration key";
    expect(await loadAdminKey({ adminKey, dataDir }, silentLog)).toBe(adminKey);
    expect(await readdir(dataDir)).toEqual([]);
  });
});
