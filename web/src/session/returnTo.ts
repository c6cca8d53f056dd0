/** The path on this server a caller wants to come back to; anything that could lead elsewhere is undefined. */
export function safeReturnTo(wanted: string | null): string | undefined {
  if (wanted === null || wanted.length > 2048 || !wanted.startsWith("/")) return undefined;
  const base = "http://server.invalid";
  if (!URL.canParse(wanted, base)) return undefined;
  const { origin, pathname, search, hash } = new URL(wanted, base);
  // `/.//elsewhere` is a path as written and another host once its dots are gone.
  return origin === base && !pathname.startsWith("//") ? pathname + search + hash : undefined;
}
