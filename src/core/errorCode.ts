/** The code of a system's, a driver's or Node's error, such as `ENOENT`; undefined when it has none. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** A file or folder was not there. */
export const isMissing = (error: unknown): boolean => errorCode(error) === "ENOENT";
