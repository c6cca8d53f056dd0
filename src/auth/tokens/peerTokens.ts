import { hkdfSync } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { Clock } from "../../core/clock.ts";

/** Who somebody is in a meeting that connects peer to peer, and what they may do there. */
export interface PeerClaims {
  userId: string;
  roomId: string;
  meetingId: string;
  participantId: string;
  role: "host" | "participant";
  permissions: Record<"canKick" | "canMute" | "canRecord" | "canShare", boolean>;
}

export interface PeerTokens {
  /** A token for one room and one person, good for an hour. */
  sign(claims: PeerClaims): Promise<string>;
  /** The claims; undefined when it is forged, altered, outdated, or for another room. */
  verify(token: string, roomId: string): Promise<PeerClaims | undefined>;
}

const algorithm = "HS256";
const audience = "connvo-peers";
const lifetimeSeconds = 3_600;

/** JWTs with a key derived from `secret`: all nodes that share the secret know each other's, and it opens nothing else. */
export function createPeerTokens(secret: string, clock: Clock): PeerTokens {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "connvo peer tokens", 32));
  return {
    sign: ({ userId, roomId, meetingId, participantId, role, permissions }) => {
      const issuedAt = Math.floor(clock.now() / 1000);
      return new SignJWT({
        room: roomId,
        meeting: meetingId,
        participant: participantId,
        role,
        permissions,
      })
        .setProtectedHeader({ alg: algorithm, typ: "JWT" })
        .setSubject(userId)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key);
    },
    verify: async (token, roomId) => {
      const options = { algorithms: [algorithm], audience, currentDate: new Date(clock.now()) };
      const verified = await jwtVerify(token, key, options).catch(() => undefined);
      if (verified?.payload["room"] !== roomId) return undefined;
      return claimsOf(verified.payload);
    },
  };
}

/** Signed by us: of the shape that `sign` gave it. */
function claimsOf(payload: Record<string, unknown>): PeerClaims {
  return {
    userId: payload["sub"] as string,
    roomId: payload["room"] as string,
    meetingId: payload["meeting"] as string,
    participantId: payload["participant"] as string,
    role: payload["role"] as PeerClaims["role"],
    permissions: payload["permissions"] as PeerClaims["permissions"],
  };
}
