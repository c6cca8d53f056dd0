import { randomBytes } from "node:crypto";
import { link, readFile, unlink, writeFile } from "node:fs/promises";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import type { RoomGrant, RoomToken } from "../port.ts";

/** A grant proven by its token. */
export interface VerifiedGrant extends RoomGrant {
  /** When the token was signed, epoch ms. */
  issuedAt: number;
}

export const roomAudience = "connvo-room";
const lifetimeSeconds = 3600;
const keyBytes = 32;
const algorithm = "HS256";

const claims = z.object({
  sub: z.string().min(1),
  room: z.string().min(1),
  meeting: z.string().min(1),
  name: z.string(),
  image: z.string().optional(),
  role: z.enum(["host", "participant", "observer"]),
  seats: z.number().int().positive(),
  iat: z.number(),
});

/** Signs and verifies room tokens: JWTs with an audience and a key of their own, good for one hour. */
export class RoomTokens {
  #key: Uint8Array;
  #clock: Clock;

  private constructor(key: Uint8Array, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
  }

  /** Reads the key file, or makes it (readable by its owner alone). */
  static async open(keyFile: string, clock: Clock): Promise<RoomTokens> {
    return new RoomTokens(await loadKey(keyFile), clock);
  }

  async sign(grant: RoomGrant): Promise<RoomToken> {
    // With its fraction: whoever is removed and invited again within one second needs a token that counts.
    const issuedAt = this.#clock.now() / 1000;
    const expiresAt = Math.floor(issuedAt) + lifetimeSeconds;
    const { user, role, roomId, meetingId, maxParticipants } = grant;
    const image = user.image === undefined ? {} : { image: user.image };
    const body = {
      room: roomId,
      meeting: meetingId,
      name: user.name,
      ...image,
      role,
      seats: maxParticipants,
    };
    const token = await new SignJWT({ ...body, iat: issuedAt })
      .setProtectedHeader({ alg: algorithm, typ: "JWT" })
      .setSubject(user.id)
      .setAudience(roomAudience)
      .setExpirationTime(expiresAt)
      .sign(this.#key);
    return { token, expiresAt };
  }

  /** The grant of a token for this room; UNAUTHORIZED for every other token. */
  async verify(token: string, roomId: string): Promise<Result<VerifiedGrant>> {
    const options = {
      algorithms: [algorithm],
      audience: roomAudience,
      currentDate: new Date(this.#clock.now()),
    };
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        ...options,
        requiredClaims: ["exp", "iat", "sub"],
      });
      const grant = toGrant(claims.parse(payload));
      return grant.roomId === roomId ? ok(grant) : refuse(invalidToken());
    } catch {
      return refuse(invalidToken());
    }
  }
}

const invalidToken = (): AppError =>
  new AppError("UNAUTHORIZED", "This is no valid token for this room.", {
    reason: "token_invalid",
  });

function toGrant({
  sub,
  room,
  meeting,
  name,
  image,
  role,
  seats,
  iat,
}: z.infer<typeof claims>): VerifiedGrant {
  const user = image === undefined ? { id: sub, name } : { id: sub, name, image };
  return {
    roomId: room,
    meetingId: meeting,
    user,
    role,
    maxParticipants: seats,
    issuedAt: iat * 1000,
  };
}

async function loadKey(path: string): Promise<Uint8Array> {
  const found = await readFile(path).catch(() => undefined);
  if (found?.length === keyBytes) return found;
  if (found) throw new Error(`${path} is damaged: remove it to have a new key made`);
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, randomBytes(keyBytes), { mode: 0o600, flag: "wx" });
  // Of several servers starting at once, all must end with the same key.
  await link(draft, path).catch(() => undefined);
  await unlink(draft);
  return readFile(path);
}
