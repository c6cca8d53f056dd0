import { AppError } from "../../core/errors.ts";
import type { ReadTx } from "../../db/port.ts";
import { configOf, type Recording } from "../recording.ts";
import { findRecording } from "../store.ts";
import { findRendition, findRenditionByConfig, type Rendition } from "./renditions.ts";

/** What a request for a recording's file is answered with. */
export type FileAnswer =
  | { kind: "file"; storageKey: string; sizeBytes: number; sha256: string; audioOnly: boolean }
  | { kind: "pending"; state: string; done: number; etaMs?: number }
  | { kind: "failed"; reason: string }
  | { kind: "deleted" };

export interface FileRequest {
  recordingId: string;
  /** Absent = the requested rendition. */
  renditionId?: string | undefined;
  audioOnly: boolean;
}

/**
 * Finds the file of a recording for someone who may see it.
 * @throws AppError NOT_FOUND when there is no such recording or rendition, or it has another file type
 */
export async function requestFile(tx: ReadTx, request: FileRequest): Promise<FileAnswer> {
  const recording = await findRecording(tx, request.recordingId);
  if (!recording) throw missing(request);
  if (recording.deletedAt !== null) return { kind: "deleted" };
  const rendition = await renditionOf(tx, recording, request.renditionId);
  if ((rendition ?? recording).audioOnly !== request.audioOnly) throw missing(request);
  if (!rendition) return withoutRendition(recording, request);
  return answerOf(rendition);
}

function renditionOf(
  tx: ReadTx,
  recording: Recording,
  renditionId: string | undefined,
): Promise<Rendition | undefined> {
  return renditionId === undefined
    ? findRenditionByConfig(tx, recording.id, configOf(recording))
    : findRendition(tx, renditionId).then((found) =>
        found?.recordingId === recording.id ? found : undefined,
      );
}

function withoutRendition(recording: Recording, request: FileRequest): FileAnswer {
  if (request.renditionId !== undefined) throw missing(request);
  if (recording.state === "failed")
    return { kind: "failed", reason: recording.errorMessage ?? "the recording failed" };
  return { kind: "pending", state: recording.state, done: 0 };
}

function answerOf(rendition: Rendition): FileAnswer {
  const { state, storageKey, sizeBytes, sha256, audioOnly, progress, etaMs } = rendition;
  if (state === "failed")
    return { kind: "failed", reason: rendition.errorMessage ?? "composing failed" };
  if (state !== "ready" || storageKey === null || sizeBytes === null || sha256 === null)
    return { kind: "pending", state, done: progress, ...(etaMs === null ? {} : { etaMs }) };
  return { kind: "file", storageKey, sizeBytes, sha256, audioOnly };
}

function missing({ recordingId, renditionId }: FileRequest): AppError {
  return new AppError("NOT_FOUND", "There is no such recording", {
    id: renditionId ?? recordingId,
  });
}
