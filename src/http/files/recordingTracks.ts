import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isAppError } from "../../core/errors.ts";
import type { Database } from "../../db/port.ts";
import type { CapturedMedia } from "../../media/format/port.ts";
import { requestTrack, requireCapture } from "../../recordings/playback/requestTrack.ts";
import { speakersVtt } from "../../recordings/playback/speakers.ts";
import { trackFileName, trackMimeType } from "../../recordings/playback/trackName.ts";
import type { Recording } from "../../recordings/recording.ts";
import { requireRecording } from "../../recordings/store.ts";
import { answerPreflight } from "../replies/cors.ts";
import { errorReply, writeError } from "../replies/errorReply.ts";
import {
  type FileCall,
  type FileCaller,
  type FileCallerDeps,
  fileCaller,
  noSuchFile,
} from "./fileCaller.ts";
import { privateFiles, sendBytes } from "./sendBytes.ts";

export interface RecordingTracksDeps extends FileCallerDeps {
  db: Database;
  captured: CapturedMedia;
}

/** A track's file in an address. */
const trackName = /^(track\d{4,})\.(webm|mkv)$/;
const recordingName = /^recording_[0-9a-z]{26}$/;

/**
 * `GET|HEAD /recordings/{id}/tracks/{trackId}.webm` (H.264: `.mkv`), seekable, `?download=1` to save it, and
 * `/recordings/{id}/speakers.vtt`, who spoke when. For the meeting's participants, by bearer token or signed link, from
 * the moment the recording was stopped. 200, 206, 304, 416; 202 while the capture is fetched from the store, 409 not stopped,
 * 410 deleted, 404 for everybody else.
 */
export function recordingTracks(app: FastifyInstance, deps: RecordingTracksDeps): void {
  privateFiles(app);
  const route = (url: string, handler: Handler) => {
    answerPreflight(app, url);
    app.route({
      method: ["GET", "HEAD"],
      url,
      handler: (request, reply) =>
        handler(deps, request as TrackCall, reply).catch((error: unknown) =>
          sendRestoring(reply, error),
        ),
    });
  };
  route("/recordings/:recordingId/tracks/:track", sendTrack);
  route("/recordings/:recordingId/speakers.vtt", sendSpeakers);
}

type TrackCall = FastifyRequest<{
  Params: { recordingId: string; track: string };
  Querystring: { user?: string; expires?: string; signature?: string; download?: string };
}>;

type Handler = (
  deps: RecordingTracksDeps,
  request: TrackCall,
  reply: FastifyReply,
) => Promise<FastifyReply>;

const sendTrack: Handler = async (deps, request, reply) => {
  const [, trackId = "", extension = ""] = trackName.exec(request.params.track) ?? [];
  if (trackId === "") return writeError(reply, errorReply(noSuchFile()));
  const { recording, caller } = await openRecording(deps, request, trackId);
  if (recording.deletedAt !== null) return sendDeleted(reply);
  const { playback, track, content } = await requestTrack(deps.captured, recording, {
    trackId,
    extension,
  });
  const saveAs = request.query.download === "1" ? trackFileName(playback, track) : undefined;
  const { sizeBytes, digest } = content;
  const read = (range: { start: number; end: number }) => content.read(range);
  const type = trackMimeType(track).replace(/;.*/, "");
  const begin = () => deps.openFiles.add(caller.name, reply.raw);
  return sendBytes(request, reply, { sizeBytes, digest, type, saveAs, begin, read });
};

const sendSpeakers: Handler = async (deps, request, reply) => {
  const { recording } = await openRecording(deps, request, "speakers");
  if (recording.deletedAt !== null) return sendDeleted(reply);
  const capture = await requireCapture(deps.captured, recording);
  const text = speakersVtt(await capture.playback());
  return reply.type("text/vtt; charset=utf-8").send(request.method === "HEAD" ? "" : text);
};

/** The recording, for those who are in its meeting. */
async function openRecording(
  deps: RecordingTracksDeps,
  request: TrackCall,
  file: string,
): Promise<{ recording: Recording; caller: FileCaller }> {
  const { recordingId } = request.params;
  if (!recordingName.test(recordingId)) throw noSuchFile();
  const caller = await fileCaller(deps, request as unknown as FileCall, { recordingId, file });
  const recording = await deps.db.read(async (tx) => {
    await caller.admit(tx);
    return requireRecording(tx, recordingId);
  });
  return { recording, caller };
}

/** It is on its way: asked for again later, it is there. */
function sendRestoring(reply: FastifyReply, error: unknown): FastifyReply {
  const { reason, done, retryAfterMs } = (isAppError(error) && error.metadata) || {};
  if (reason !== "restoring") throw error;
  const seconds = Math.ceil(Number(retryAfterMs) / 1000);
  return reply.code(202).header("retry-after", seconds).send({ state: reason, done });
}

function sendDeleted(reply: FastifyReply): FastifyReply {
  return reply.code(410).send({ code: "NOT_FOUND", message: "The recording has been deleted" });
}
