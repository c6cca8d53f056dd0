import { invalidCursor, type PagePosition, readCursor, writeCursor } from "../core/pageCursor.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";

/** Which page: as Convex's clients ask for it. */
export interface PageRequest {
  numItems: number;
  cursor: string | null;
  /** Where the page ended before: it keeps that end, however many have come into it since. */
  endCursor?: string | null | undefined;
}

/** What a list reads for one page: the newest first, ids below the first bound and not below the second. */
type ReadRange<Row> = (below: string, from: string, most: number) => Promise<Row[]>;

/** A vector has some kilobytes. */
const longestPage = 100;
/** A page whose end is given grows when more come into it: up to this many. */
const longestRange = 500;
/** Sorts behind every id in any collation; nothing sorts before the empty text. */
const aboveAll = "z".repeat(64);

/**
 * A page of a list, the newest first. `list` says of which, for its cursors.
 * @throws AppError VALIDATION_ERROR with `field` (`numItems` outside 1…100; a cursor of another list, or a page that has grown
 * beyond 500: `reason` is `InvalidCursor`)
 */
export async function pageOf<Row extends { id: string }>(
  list: string,
  request: PageRequest,
  read: ReadRange<Row>,
): Promise<{ rows: Row[]; isDone: boolean; continueCursor: string }> {
  const numItems = orThrow(
    wholeNumber("paginationOpts.numItems", request.numItems, { max: longestPage }),
  );
  const start = positionOf(list, "cursor", request.cursor);
  const end = positionOf(list, "endCursor", request.endCursor ?? null);
  const answer = (rows: Row[], position: PagePosition) => ({
    ...{ rows, isDone: position === null, continueCursor: writeCursor(list, position) },
  });
  if (start === null) return answer([], null);
  const most = end === undefined ? numItems : longestRange;
  const rows = await read(start?.after ?? aboveAll, end?.after ?? "", most + 1);
  if (end === undefined) {
    const page = rows.slice(0, numItems);
    const last = page.at(-1);
    return answer(page, last && rows.length > numItems ? { after: last.id } : null);
  }
  if (rows.length > longestRange) orThrow(invalidCursor("paginationOpts.endCursor"));
  return answer(rows, end);
}

/** Undefined = none is given. */
function positionOf(
  list: string,
  field: "cursor" | "endCursor",
  cursor: string | null,
): PagePosition | undefined {
  if (cursor === null) return undefined;
  return orThrow(readCursor(list, `paginationOpts.${field}`, cursor));
}
