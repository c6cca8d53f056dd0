import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Database } from "../../db/port.ts";
import {
  type FileAnswer,
  type FileRequest,
  requestFile,
} from "../../recordings/renditions/fileRequest.ts";
import type { Storage } from "../../storage/port.ts";
import { answerPreflight } from "../replies/cors.ts";
import { errorReply, writeError } from "../replies/errorReply.ts";
import { type FileCall, type FileCallerDeps, fileCaller, noSuchFile } from "./fileCaller.ts";
import { privateFiles, sendBytes } from "./sendBytes.ts";

export interface RecordingFilesDeps extends FileCallerDeps {
  db: Database;
  storage: Storage;
}

interface Address {
  recordingId: string;
  file?: string;
}

/** A file's name in an address: an id of ours and what is in it. */
const fileName = /^((?:recording|rendition)_[0-9a-z]{26})\.(mp4|m4a)$/;

/** Seconds after which a file that is not there yet is worth another look. */
const retryAfterS = 2;

/**
 * `GET|HEAD /recordings/{id}.mp4` (the requested rendition) and `/recordings/{id}/{renditionId}.mp4`, `.m4a` for
 * sound. For the meeting's participants, by bearer token or signed link. 200, 206, 304, 416 with the file;
 * 202 not ready, 409 failed, 410 deleted, 404 for everybody else. Pages of any origin may ask.
 */
export function recordingFiles(app: FastifyInstance, deps: RecordingFilesDeps): void {
  privateFiles(app);
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const wanted = parseAddress(request.params as Address);
    if (!wanted) return writeError(reply, errorReply(noSuchFile()));
    return answer(deps, request as FileCall, reply, wanted);
  };
  for (const url of ["/recordings/:recordingId", "/recordings/:recordingId/:file"]) {
    answerPreflight(app, url);
    app.route({ method: ["GET", "HEAD"], url, handler });
  }
}

function parseAddress({ recordingId, file }: Address): FileRequest | undefined {
  const match = fileName.exec(file ?? recordingId);
  const [, id, extension] = match ?? [];
  if (id === undefined) return undefined;
  const audioOnly = extension === "m4a";
  if (file === undefined)
    return id.startsWith("recording_") ? { recordingId: id, audioOnly } : undefined;
  return id.startsWith("rendition_") ? { recordingId, renditionId: id, audioOnly } : undefined;
}

async function answer(
  deps: RecordingFilesDeps,
  request: FileCall,
  reply: FastifyReply,
  wanted: FileRequest,
): Promise<FastifyReply> {
  const { recordingId, renditionId: file = "" } = wanted;
  const caller = await fileCaller(deps, request, { recordingId, file });
  const found = await deps.db.read(async (tx) => {
    await caller.admit(tx);
    return requestFile(tx, wanted);
  });
  if (found.kind !== "file") return sendState(reply, found);
  const { sizeBytes, sha256: digest, audioOnly, storageKey } = found;
  const type = audioOnly ? "audio/mp4" : "video/mp4";
  const read = (range: { start: number; end: number }) => deps.storage.read(storageKey, range);
  const begin = () => deps.openFiles.add(caller.name, reply.raw);
  return sendBytes(request, reply, { sizeBytes, digest, type, begin, read });
}

function sendState(
  reply: FastifyReply,
  state: Exclude<FileAnswer, { kind: "file" }>,
): FastifyReply {
  switch (state.kind) {
    case "pending": {
      const { kind: _, ...progress } = state;
      return reply.code(202).header("retry-after", retryAfterS).send(progress);
    }
    case "failed":
      return reply.code(409).send({ code: "CONFLICT", message: state.reason });
    case "deleted":
      return reply.code(410).send({ code: "NOT_FOUND", message: "The recording has been deleted" });
    default:
      return state satisfies never;
  }
}
