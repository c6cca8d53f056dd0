import { readdir } from "node:fs/promises";
import { isMissing } from "../../core/errorCode.ts";

/** A file of a capture as the store has it. */
export interface ArchivedFile {
  name: string;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** Names we make. */
const fileName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** Of the moment: marks of work under way, and a description that is being written. */
const passing = /^(attempts|playback\.json\..+)$/;

/**
 * Names of what a sealed capture consists of, in order: log, tracks, indexes and whatever else is to be found again.
 * @throws Error when there is no log, or something that could not be found again
 */
export async function captureFiles(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => !passing.test(name)).sort();
  if (!names.includes("events.jsonl")) throw new Error(`no capture in ${dir}`);
  const strange = names.find((name) => !isFileName(name));
  if (strange !== undefined) throw new Error(`not a capture's file: ${JSON.stringify(strange)}`);
  return names;
}

/** Whether it leads nowhere else. */
export const isFileName = (name: string): boolean => fileName.test(name);

/** Folder of a recording's capture in the store. */
export const archiveFolder = (recordingId: string): string => `captures/${recordingId}`;

/** Beside the capture's folder: what is being fetched from the store. It gets the folder's name once it is whole. */
export const restoringFolder = (dir: string): string => `${dir}.restoring`;

/** Beside the capture's folder: what is being removed from this disk. */
export const removingFolder = (dir: string): string => `${dir}.removing`;

/** For a folder that is not there. */
export function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
