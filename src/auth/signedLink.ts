import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** What a link allows: one user, one file, until `expiresAt` (epoch ms). */
export interface LinkGrant {
  recordingId: string;
  /** Which of the recording's files: a rendition's id, a track's, `speakers`; empty = the requested rendition. */
  file: string;
  userId: string;
  expiresAt: number;
}

/** A link that is handed out lives no longer, ms. */
export const maxLinkLifeMs = 10 * 60_000;
/** A player goes on asking by its links for as long as somebody sits in front of it, ms. No link lives longer. */
export const playbackLinkLifeMs = 6 * 3_600_000;

export interface LinkSigner {
  /** The query string of the link, without `?`. */
  sign(grant: LinkGrant): string;
  /** The grant, or undefined when it is forged, altered or older than `now` (epoch ms). */
  verify(
    file: { recordingId: string; file: string },
    query: { user: string; expires: string; signature: string },
    now: number,
  ): LinkGrant | undefined;
}

/** Links signed with a key derived from `secret`: all nodes that share the secret accept each other's links. */
export function createLinkSigner(secret: string): LinkSigner {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "connvo recording links", 32));
  const digest = ({ recordingId, file, userId, expiresAt }: LinkGrant) =>
    createHmac("sha256", key)
      .update(JSON.stringify([recordingId, file, userId, expiresAt]))
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
      if (expiresAt <= now || expiresAt > now + playbackLinkLifeMs) return undefined;
      const grant: LinkGrant = { ...file, userId: query.user, expiresAt };
      const expected = digest(grant);
      const given = Buffer.from(query.signature, "base64url");
      return given.length === expected.length && timingSafeEqual(given, expected)
        ? grant
        : undefined;
    },
  };
}
