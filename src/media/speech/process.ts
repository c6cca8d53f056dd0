import { constants, setPriority } from "node:os";
import { constants as av, Log } from "../render/decode/nodeAv.ts";
import {
  parentEngineArgument,
  type SpeechMessage,
  type SpeechRequest,
} from "../transcribe/protocol.ts";
import { CaptureListener } from "./captureListener.ts";
import { FileListener } from "./fileListener.ts";
import type { Listener } from "./listened.ts";
import { ParentEngine } from "./parentEngine.ts";
import { Recognition, type SpeechRecognition } from "./recognition.ts";

// Listens to as many recordings as it is told to, a piece of each at a time, until its parent ends.

process.umask(0o077);

/** What nobody has said anything in is looked at again after that time, ms. */
const pauseMs = 500;
/** How often it is told how far was heard where nobody said anything, and that this process is alive, ms. */
const tellEveryMs = 10_000;

const send = (message: SpeechMessage) => {
  process.send?.(message);
};

/** Live media and files must not wait for words. */
function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // A system that forbids it only makes us less polite.
  }
}

const listeners = new Map<string, Listener>();
/** When it was told last how far each was heard, ms of `performance.now()`. */
const toldAt = new Map<string, number>();
let recognition: SpeechRecognition | undefined;
let parentEngine: ParentEngine | undefined;
let wake: () => void = () => undefined;

/** The bundled engine, unless the parent says that it has one. */
function openRecognition(): SpeechRecognition {
  if (process.argv[2] !== parentEngineArgument) return new Recognition();
  parentEngine = new ParentEngine(send);
  return parentEngine;
}

function take(request: SpeechRequest): void {
  if (request.type === "answer") {
    parentEngine?.answer(request);
    return;
  }
  const { recordingId } = request;
  forget(recordingId);
  if (request.type === "forget") return;
  try {
    recognition ??= openRecognition();
    const listener =
      "file" in request
        ? new FileListener(request, recognition)
        : new CaptureListener(request, recognition);
    listeners.set(recordingId, listener);
    wake();
  } catch (error) {
    send({ type: "failed", recordingId, reason: reasonOf(error) });
  }
}

function forget(recordingId: string): void {
  listeners.get(recordingId)?.close();
  listeners.delete(recordingId);
  toldAt.delete(recordingId);
}

/** @returns whether there may be more to hear at once */
async function listenTo(recordingId: string, listener: Listener): Promise<boolean> {
  try {
    const { lines, notUnderstood, heardMore, isOver } = await listener.listen();
    // Told to forget it meanwhile.
    if (listeners.get(recordingId) !== listener) return false;
    const { heard, unheard } = listener;
    const since = performance.now() - (toldAt.get(recordingId) ?? 0);
    if (lines.length > 0 || notUnderstood.length > 0 || (heardMore && since > tellEveryMs)) {
      toldAt.set(recordingId, performance.now());
      send({ type: "heard", recordingId, lines, heard, notUnderstood });
    }
    if (!isOver) return heardMore;
    forget(recordingId);
    send({ type: "finished", recordingId, unheard });
  } catch (error) {
    forget(recordingId);
    send({ type: "failed", recordingId, reason: reasonOf(error) });
  }
  return false;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function listenOn(): Promise<never> {
  for (let aliveAt = Number.NEGATIVE_INFINITY; ; ) {
    if (performance.now() - aliveAt > tellEveryMs) {
      aliveAt = performance.now();
      send({ type: "alive" });
    }
    let heardMore = false;
    for (const [recordingId, listener] of listeners)
      if (await listenTo(recordingId, listener)) heardMore = true;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (heardMore) setImmediate(resolve);
      else setTimeout(resolve, pauseMs);
    });
  }
}

yieldToOthers();
Log.setLevel(av.AV_LOG_FATAL);
// Without a parent nobody would take what was heard.
process.once("disconnect", () => process.exit(0));
process.on("message", take);
void listenOn();
