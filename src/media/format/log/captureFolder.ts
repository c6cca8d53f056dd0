import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type PauseSpan, Pauses } from "../time/pauses.ts";
import { readEvents } from "./eventLog.ts";
import type { CaptureEvent } from "./events.ts";

/** The capture was sealed: nothing may be added to it. */
export class CaptureSealedError extends Error {
  constructor(dir: string) {
    super(`capture is sealed: ${dir}`);
    this.name = "CaptureSealedError";
  }
}

/** The folder holds no readable start of a capture. */
export class NotACaptureError extends Error {
  constructor(dir: string) {
    super(`not a capture: ${dir}`);
    this.name = "NotACaptureError";
  }
}

type AliveEvent = Extract<CaptureEvent, { type: "alive" }>;

/** How long a machine has been up: which start of it, and ms since then. */
export interface Uptime {
  boot: string;
  upMs: number;
}

/** Where an unsealed capture stands; epoch ms. Paused now when the last pause has no end. */
export interface UnsealedCapture {
  startedAt: number;
  /** Of the last event. */
  lastT: number;
  /** What the machine's uptime was at a capture's time `t`. */
  lastUptime: (Uptime & { t: number }) | undefined;
  pauses: PauseSpan[];
  /** Tracks so far, by participant. */
  tracks: ReadonlyMap<string, number>;
}

/** Reads where an unsealed capture stands. @throws CaptureSealedError, NotACaptureError, Error with code ENOENT without a log */
export async function unsealedCapture(dir: string): Promise<UnsealedCapture> {
  let start: number | undefined;
  let lastT = 0;
  let lastUptime: UnsealedCapture["lastUptime"];
  const pauses = new Pauses();
  const tracks = new Map<string, number>();
  for await (const event of readEvents(dir)) {
    lastT = Math.max(lastT, event.t);
    if (event.type === "alive") lastUptime = uptimeOf(event);
    if (event.type === "captureStart") start ??= event.t;
    if (event.type === "track")
      tracks.set(event.participant, (tracks.get(event.participant) ?? 0) + 1);
    if (event.type === "pause") pauses.begin(event.t);
    if (event.type === "resume") pauses.end(event.t);
    if (event.type === "captureStop") throw new CaptureSealedError(dir);
  }
  if (start === undefined) throw new NotACaptureError(dir);
  return { startedAt: start, lastT, lastUptime, pauses: pauses.spans, tracks };
}

function uptimeOf({ t, boot, upMs }: AliveEvent): UnsealedCapture["lastUptime"] {
  return typeof boot === "string" && Number.isFinite(upMs)
    ? { t, boot, upMs: upMs ?? 0 }
    : undefined;
}

export function trackId(number: number): string {
  return `track${String(number).padStart(4, "0")}`;
}

/** The first number no track file has: a file may exist whose event line was lost. */
export async function freeTrackNumber(dir: string): Promise<number> {
  const numbers = (await readdir(dir)).map((name) => Number(/^track(\d+)-/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

/** Bytes of all files in a folder. */
export async function folderBytes(dir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(dir))
    bytes += await stat(join(dir, name)).then(
      ({ size }) => size,
      () => 0,
    );
  return bytes;
}
