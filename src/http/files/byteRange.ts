/** What of a file a `Range` header asks for (RFC 9110 §14). Bounds are inclusive byte offsets. */
export type ByteRange =
  | { kind: "whole" }
  | { kind: "part"; start: number; end: number }
  | { kind: "unsatisfiable" };

const singleRange = /^bytes=(\d*)-(\d*)$/;

/** Several ranges, other units and nonsense are answered with the whole file, as the RFC allows. */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange {
  const match = header === undefined ? null : singleRange.exec(header.replace(/\s/g, ""));
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return { kind: "whole" };
  const suffix = first === "";
  const start = suffix ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = suffix || last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (!suffix && last !== "" && Number(last) < start) return { kind: "whole" };
  return start > end ? { kind: "unsatisfiable" } : { kind: "part", start, end };
}
