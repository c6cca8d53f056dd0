import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

/** What an answer is sealed for: a request of a live client's session, and who sent it. */
export interface SealedFor {
  /** Known to the client and, while it is connected, to its node; stored nowhere. */
  readonly sessionId: string;
  readonly requestId: number;
  readonly caller: string;
}

const cipher = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** What a session is stored as: it finds rows and opens none. The same as `hide_session` in SQL. */
export function hiddenSession(sessionId: string): string {
  return createHash("sha256").update(`connvo live session ${sessionId}`).digest("base64");
}

/** Encrypts an answer (AES-256-GCM) with a key of its request's own, which nobody can make without the session's id. */
export function sealAnswer(sealedFor: SealedFor, answer: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const encrypting = createCipheriv(cipher, keyOf(sealedFor), nonce);
  encrypting.setAAD(Buffer.from(sealedFor.caller));
  const text = Buffer.concat([encrypting.update(answer, "utf8"), encrypting.final()]);
  return Buffer.concat([nonce, encrypting.getAuthTag(), text]);
}

/** @throws when it was sealed for another request or caller, or changed since */
export function openAnswer(sealedFor: SealedFor, sealed: Buffer): string {
  const decrypting = createDecipheriv(cipher, keyOf(sealedFor), sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decrypting.setAAD(Buffer.from(sealedFor.caller));
  decrypting.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  const text = sealed.subarray(nonceBytes + tagBytes);
  return Buffer.concat([decrypting.update(text), decrypting.final()]).toString("utf8");
}

function keyOf({ sessionId, requestId }: SealedFor): Buffer {
  return Buffer.from(hkdfSync("sha256", sessionId, "", `connvo answer ${requestId}`, 32));
}
