import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** What a link allows: one user, one file, until `expiresAt` (epoch ms). */
export interface LinkGrant {
  recordingId: string;
  /** Empty = the requested rendition. */
  renditionId: string;
  userId: string;
  expiresAt: number;
}

/** No link lives longer, ms. */
export const maxLinkLifeMs = 10 * 60_000;

export interface LinkSigner {
  /** The query string of the link, without `?`. */
  sign(grant: LinkGrant): string;
  /** The grant, or undefined when it is forged, altered or older than `now` (epoch ms). */
  verify(
    file: { recordingId: string; renditionId: string },
    query: { user: string; expires: string; signature: string },
    now: number,
  ): LinkGrant | undefined;
}

/** Links signed with a key derived from `secret`: all nodes that share the secret accept each other's links. */
export function createLinkSigner(secret: string): LinkSigner {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "connvo recording links", 32));
  const digest = ({ recordingId, renditionId, userId, expiresAt }: LinkGrant) =>
    createHmac("sha256", key)
      .update(JSON.stringify([recordingId, renditionId, userId, expiresAt]))
      .digest();
  return {
    sign: (grant) => {
      const signature = digest(grant).toString("base64url");
      const { userId, expiresAt } = grant;
      return new URLSearchParams({
        user: userId,
        expires: String(expiresAt),
        signature,
      }).toString();
    },
    verify: (file, query, now) => {
      const expiresAt = Number(query.expires);
      if (!Number.isSafeInteger(expiresAt)) return undefined;
      if (expiresAt <= now || expiresAt > now + maxLinkLifeMs) return undefined;
      const grant: LinkGrant = { ...file, userId: query.user, expiresAt };
      const expected = digest(grant);
      const given = Buffer.from(query.signature, "base64url");
      return given.length === expected.length && timingSafeEqual(given, expected)
        ? grant
        : undefined;
    },
  };
}
