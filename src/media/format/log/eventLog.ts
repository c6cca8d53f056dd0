import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import type { CaptureEvent, CaptureEventType } from "./events.ts";

export const eventLogName = "events.jsonl";
/** No event is longer than what is read at once: that is damage, which is skipped. */
const chunkBytes = 1 << 18;
const newline = 0x0a;

/** One event as the bytes of its line. */
export function eventLine(event: CaptureEvent): Buffer {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}

const capturedFields: Record<CaptureEventType, Record<string, "string" | "number" | "boolean">> = {
  captureStart: {
    recordingId: "string",
    roomId: "string",
    version: "number",
    maxDurationMs: "number",
  },
  captureResume: {},
  pause: {},
  resume: {},
  participant: { participant: "string", name: "string" },
  media: { participant: "string", audio: "boolean", video: "boolean" },
  track: {
    track: "string",
    participant: "string",
    kind: "string",
    codec: "string",
    clockRate: "number",
    file: "string",
  },
  first: { track: "string", rtp: "number" },
  arrival: { track: "string", atMs: "number" },
  piece: { track: "string", atMs: "number", endMs: "number" },
  senderReport: { track: "string", ntp: "number", rtp: "number" },
  level: { track: "string", dbov: "number" },
  resolution: { track: "string", atMs: "number", width: "number", height: "number" },
  trackEnd: { track: "string", endMs: "number", reason: "string", bytes: "number" },
  unstored: { participant: "string", kind: "string", packets: "number", receivedMs: "number" },
  leftOut: { participant: "string", kind: "string", reason: "string", count: "number" },
  leave: { participant: "string" },
  alive: {},
  captureStop: { reason: "string" },
};

/** The event a line holds, or undefined for a torn, damaged or unknown one. */
export function parseEvent(line: string): CaptureEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is CaptureEvent {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  const type = fields["type"];
  if (typeof type !== "string" || !Object.hasOwn(capturedFields, type)) return false;
  if (!Number.isFinite(fields["t"])) return false;
  const wanted = Object.entries(capturedFields[type as CaptureEventType]);
  const complete = wanted.every(([name, kind]) => typeof fields[name] === kind);
  return complete && (type !== "track" || isPlainFileName(String(fields["file"])));
}

/** A log from elsewhere must not make us read outside its own folder. */
function isPlainFileName(name: string): boolean {
  return (
    name !== "" && name !== "." && name !== ".." && basename(name) === name && !name.includes("\\")
  );
}

/** The events of a capture in order, streamed; torn and damaged lines are skipped. @throws Error with code ENOENT without a log */
export async function* readEvents(dir: string): AsyncGenerator<CaptureEvent> {
  const handle = await open(join(dir, eventLogName), "r");
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (let offset = 0; ; ) {
      const { events, taken } = await readComplete(handle, chunk, offset);
      yield* events;
      if (taken === 0) return;
      offset += taken;
    }
  } finally {
    await handle.close();
  }
}

/** Reads the complete lines at `offset`; `taken` bytes are done with, none where there is no further complete line. */
export async function readComplete(
  handle: FileHandle,
  chunk: Buffer,
  offset: number,
): Promise<{ events: CaptureEvent[]; taken: number }> {
  const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset);
  const read = chunk.subarray(0, bytesRead);
  const complete = read.lastIndexOf(newline) + 1;
  const taken = complete === 0 && bytesRead === chunkBytes ? bytesRead : complete;
  const lines = read.toString("utf8", 0, complete).split("\n");
  return { events: lines.flatMap((line) => (line === "" ? [] : (parseEvent(line) ?? []))), taken };
}

/** What `readComplete` reads of a log of so many bytes, `offset` of which are read already. */
export function readBuffer(size: number, offset: number): Buffer {
  return Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, size - offset)));
}

/** Cuts off a last line without its newline, which the death of a writer leaves behind; durable. Returns bytes removed. */
export async function truncateTornLine(dir: string): Promise<number> {
  const handle = await open(join(dir, eventLogName), "r+");
  try {
    const { size } = await handle.stat();
    const end = await lastNewline(handle, size);
    if (end < size) await handle.truncate(end);
    await handle.sync();
    return size - end;
  } finally {
    await handle.close();
  }
}

async function lastNewline(
  handle: Awaited<ReturnType<typeof open>>,
  size: number,
): Promise<number> {
  const chunk = Buffer.alloc(65_536);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const found = chunk.subarray(0, bytesRead).lastIndexOf(newline);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}
