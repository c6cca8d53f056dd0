/** Key segments we make: ids and extensions. Anything else is refused, so a key never leaves its store's root. */
const segmentPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Folder of finished files: `recordings/<id>/<file>`. */
export const objectsFolder = "recordings";
/** Folder of archived captures: `captures/<id>/<file>`. */
export const capturesFolder = "captures";

/** The parts of a key. @throws Error when it is not one of ours */
export function keySegments(key: string): string[] {
  const segments = key.split("/");
  if (!segments.every((segment) => segmentPattern.test(segment)))
    throw new Error(`not a storage key: ${JSON.stringify(key)}`);
  return segments;
}

/** Whether a listed name is an object of ours in that folder: others may keep theirs, and captures theirs, below the same one. */
export function isObjectKey(key: string, folder = objectsFolder): boolean {
  const segments = key.split("/");
  return (
    segments.length === 3 &&
    segments[0] === folder &&
    segments.every((segment) => segmentPattern.test(segment))
  );
}
