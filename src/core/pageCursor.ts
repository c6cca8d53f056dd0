import { hash } from "node:crypto";
import { AppError } from "./errors.ts";
import { ok, type Result, refuse } from "./result.ts";

/** Where a page begins or ends in a list: behind the item with this id, or null = behind the last one, whatever comes. */
export type PagePosition = { after: string } | null;

/** A cursor for clients, who pass it on as it is. `list` says of which list, and whose: it is of no use for another. */
export function writeCursor(list: string, position: PagePosition): string {
  const parts = [fingerprint(list), position === null ? null : position.after];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/**
 * Reads a cursor that `writeCursor` made. Refusals: VALIDATION_ERROR with `reason: "InvalidCursor"`, by whose text Convex's
 * clients begin again with the first page.
 */
export function readCursor(list: string, field: string, cursor: string): Result<PagePosition> {
  const parts = partsOf(cursor);
  if (parts === undefined || parts[0] !== fingerprint(list)) return invalidCursor(field);
  const [, after] = parts;
  if (after === null) return ok(null);
  return typeof after === "string" && /^[\w-]{1,64}$/.test(after)
    ? ok({ after })
    : invalidCursor(field);
}

/** The refusal of a cursor from which a client has to begin again with the first page. */
export function invalidCursor(field: string): Result<never> {
  const message = "InvalidCursor: this cursor is not one of this list; begin with the first page";
  return refuse(new AppError("VALIDATION_ERROR", message, { field, reason: "InvalidCursor" }));
}

function partsOf(cursor: string): unknown[] | undefined {
  if (cursor.length > 256) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parts) && parts.length === 2 ? parts : undefined;
  } catch {
    return undefined;
  }
}

const fingerprint = (list: string) => hash("sha256", list, "hex").slice(0, 16);
