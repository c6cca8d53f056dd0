import { randomFillSync } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const idBytes = 8;
const acceptable = /^[\x21-\x7e]{1,128}$/;

/** Ids of 16 hex digits, drawn from a pool because one system call per request would cost more than the id. */
export function createRequestIds(): () => string {
  const pool = Buffer.alloc(4096);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += idBytes;
    return pool.toString("hex", used - idBytes, used);
  };
}

/** The id the client chose by `Convex-Request-Id`, if it can be logged and sent back as it is. */
export function chosenRequestId(headers: IncomingHttpHeaders): string | undefined {
  const chosen = headers["convex-request-id"];
  return typeof chosen === "string" && acceptable.test(chosen) ? chosen : undefined;
}
