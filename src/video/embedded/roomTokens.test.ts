import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { RoomGrant } from "../port.ts";
import { RoomTokens, roomAudience } from "./roomTokens.ts";

let dir: string;
let now: number;
const clock: Clock = { now: () => now, sleep: systemClock.sleep };
const grant: RoomGrant = {
  roomId: "room_1",
  meetingId: "meeting_1",
  user: { id: "user_1", name: "Ann", image: "https://example.com/a.png" },
  role: "host",
  maxParticipants: 8,
};
const keyFile = () => join(dir, "token.key");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "connvo-tokens-"));
  now = 1_800_000_000_123;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test("a token gives back what was granted, and when", async () => {
  const tokens = await RoomTokens.open(keyFile(), clock);
  const { token, expiresAt } = await tokens.sign(grant);
  expect(expiresAt).toBe(1_800_003_600);
  expect(await tokens.verify(token, "room_1")).toEqual({
    ok: true,
    value: { ...grant, issuedAt: now },
  });
});

test("the key is readable by its owner alone and the same for every server", async () => {
  const opened = await Promise.all([1, 2, 3, 4].map(() => RoomTokens.open(keyFile(), clock)));
  expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  const [first] = opened;
  const signed = await first?.sign(grant);
  for (const tokens of opened)
    expect((await tokens.verify(signed?.token ?? "", "room_1")).ok).toBe(true);
});

describe("is refused alike:", () => {
  const refused = { ok: false, error: expect.objectContaining({ code: "UNAUTHORIZED" }) };
  const header = { alg: "HS256", typ: "JWT" };
  const body = {
    room: "room_1",
    meeting: "m",
    name: "Eve",
    role: "host",
    seats: 8,
    iat: 1_800_000_000,
  };
  const forge = async (over: object, audience: string = roomAudience) =>
    new SignJWT({ ...body, ...over })
      .setProtectedHeader(header)
      .setSubject("user_1")
      .setAudience(audience)
      .setExpirationTime(1_800_003_600)
      .sign(await readFile(keyFile()));

  test("another room's token", async () => {
    const tokens = await RoomTokens.open(keyFile(), clock);
    expect(await tokens.verify((await tokens.sign(grant)).token, "room_2")).toEqual(refused);
  });

  test("an expired one", async () => {
    const tokens = await RoomTokens.open(keyFile(), clock);
    const { token } = await tokens.sign(grant);
    now += 3_601_000;
    expect(await tokens.verify(token, "room_1")).toEqual(refused);
  });

  test("one for another audience", async () => {
    const tokens = await RoomTokens.open(keyFile(), clock);
    expect((await tokens.verify(await forge({}), "room_1")).ok).toBe(true);
    expect(await tokens.verify(await forge({}, "connvo-api"), "room_1")).toEqual(refused);
  });

  test.each([
    ["an unknown role", { role: "admin" }],
    ["no seats", { seats: 0 }],
    ["no name", { name: 7 }],
  ])("one with %s", async (_, over) => {
    const tokens = await RoomTokens.open(keyFile(), clock);
    expect(await tokens.verify(await forge(over), "room_1")).toEqual(refused);
  });

  test("one of another key, of no key, and garbage", async () => {
    const tokens = await RoomTokens.open(keyFile(), clock);
    const other = await RoomTokens.open(join(dir, "other.key"), clock);
    const { privateKey } = generateKeyPairSync("ed25519");
    const claims = { ...body, sub: "user_1", aud: roomAudience, exp: 1_800_003_600 };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const tokensToRefuse = [
      (await other.sign(grant)).token,
      `${part({ alg: "none" })}.${part(claims)}.`,
      await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey),
      "",
      "a.b.c",
    ];
    for (const token of tokensToRefuse)
      expect(await tokens.verify(token, "room_1")).toEqual(refused);
  });
});
