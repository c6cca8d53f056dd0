import { errorCode } from "../../core/errorCode.ts";

/** The store's code (`NoSuchKey`), else the system's (`ECONNREFUSED`), else the kind of error. */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.name : "unknown");
}

/** The HTTP status of the store's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode;
}

/** The object or the upload is not there; HEAD has a status only. A bucket that is not there is something else. */
export function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404 && codeOf(error) !== "NoSuchBucket";
}

/** What a file that is not there is for callers, as with files on disk. */
export function missingObject(key: string, cause: unknown): Error {
  return Object.assign(new Error(`ENOENT: no object ${key} in the store`, { cause }), {
    code: "ENOENT",
  });
}
