import type { User } from "../auth/identity.ts";
import { known } from "../core/known.ts";
import { invalidCursor, type PagePosition, readCursor, writeCursor } from "../core/pageCursor.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";

/** Which page: as Convex's clients ask for it. */
export interface PageRequest {
  numItems: number;
  cursor: string | null;
  /** Where the page ended before: it keeps that end, however many have come into it since. */
  endCursor?: string | null | undefined;
}

interface Row {
  id: string;
  displayName: string | null;
  avatarUrl: string | null;
}

/** The newest first; `$2` is behind the page's end of the newer ones, `$3` its last one. */
const list = statement<Row>(
  "users.activeInOrg",
  `SELECT id, display_name AS "displayName", avatar_url AS "avatarUrl" FROM users
   WHERE is_active AND org_id = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4`,
);

/** Sorts behind every user's id in any collation; nothing sorts before the empty text. */
const aboveAll = `user_${"z".repeat(27)}`;
const longestPage = 200;
/** A page whose end is given grows when people come into it: up to this many. */
const longestRange = 1000;

/**
 * The active users of the viewer's organisation, newest first, page by page; nobody without an organisation.
 * @throws AppError VALIDATION_ERROR with `field` (`numItems` outside 1…200; a cursor of another list, or a page that has grown
 * beyond 1,000: `reason` is `InvalidCursor`)
 */
export async function activeInOrg(tx: ReadTx, viewer: User, request: PageRequest) {
  const numItems = orThrow(
    wholeNumber("paginationOpts.numItems", request.numItems, { max: longestPage }),
  );
  const { orgId } = viewer;
  const name = `users.activeInOrg|${orgId ?? ""}`;
  const start = positionOf(name, "cursor", request.cursor);
  const end = positionOf(name, "endCursor", request.endCursor ?? null);
  if (orgId === undefined || start === null) return pageOf(name, [], null);
  tx.reads(`org:${orgId}`);
  const most = end === undefined ? numItems : longestRange;
  const bounds = [start?.after ?? aboveAll, end?.after ?? ""];
  const rows = await tx.all(list, [orgId, ...bounds, most + 1]);
  tx.reads(...rows.map(({ id }) => `user:${id}` as const));
  if (end === undefined) {
    const page = rows.slice(0, numItems);
    return pageOf(name, page, rows.length > numItems ? lastOf(page) : null);
  }
  if (rows.length > longestRange) orThrow(invalidCursor("paginationOpts.endCursor"));
  return pageOf(name, rows, end);
}

/** Undefined = none is given. */
function positionOf(
  name: string,
  field: "cursor" | "endCursor",
  cursor: string | null,
): PagePosition | undefined {
  if (cursor === null) return undefined;
  return orThrow(readCursor(name, `paginationOpts.${field}`, cursor));
}

function lastOf(rows: readonly Row[]): PagePosition {
  const last = rows.at(-1);
  return last ? { after: last.id } : null;
}

function pageOf(name: string, rows: readonly Row[], end: PagePosition) {
  return {
    page: rows.map(({ id, displayName, avatarUrl }) => ({
      _id: id,
      isActive: true,
      ...known({ displayName, avatarUrl }),
    })),
    isDone: end === null,
    continueCursor: writeCursor(name, end),
  };
}
