import { startTime } from "../player/useStartTime.ts";

/** A second of a recording. */
export interface RecordingPlace {
  recordingId: string;
  seconds: number;
}

/** What a link of an insight leads to: its path in these pages, and the place if it is one in a recording. */
export function placeLink(url: string): { path: string; place?: RecordingPlace } {
  // The server may be known by another address than the one it was asked at.
  const { pathname, hash } = new URL(url, window.location.origin);
  const path = `${pathname}${hash}`;
  const recordingId = /^\/watch\/([\w-]+)$/.exec(pathname)?.[1];
  const seconds = startTime(hash);
  return recordingId === undefined || seconds === undefined
    ? { path }
    : { path, place: { recordingId, seconds } };
}
