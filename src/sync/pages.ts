/**
 * A watched page of a list keeps the end it had first, however many come into it: the next page begins there, so that nothing
 * falls between two or is in both. Convex calls that end the query's journal: clients are told it, and name it when they come back.
 */

/** The arguments of a query for the page that ends at `journal`; as they are for what is no page or says its own end. */
export function withEnd(args: unknown, journal: string | undefined): unknown {
  const options = optionsOf(args);
  if (journal === undefined || options === undefined) return args;
  const [only] = args as [object];
  return [{ ...only, paginationOpts: { ...options, endCursor: journal } }];
}

/** Where the page ended that a query gave; undefined for what is no page or has said its own end. */
export function endOf(args: unknown, valueJson: string): string | undefined {
  if (optionsOf(args) === undefined) return undefined;
  const value = JSON.parse(valueJson) as { continueCursor?: unknown } | null;
  const end = value?.continueCursor;
  return typeof end === "string" ? end : undefined;
}

/** How a query asks for a page without saying where it ends. */
function optionsOf(args: unknown): object | undefined {
  const only: unknown = Array.isArray(args) && args.length === 1 ? args[0] : undefined;
  if (typeof only !== "object" || only === null || !("paginationOpts" in only)) return undefined;
  const { paginationOpts } = only;
  if (typeof paginationOpts !== "object" || paginationOpts === null) return undefined;
  const saysEnd = "endCursor" in paginationOpts && paginationOpts.endCursor !== null;
  return saysEnd ? undefined : paginationOpts;
}
