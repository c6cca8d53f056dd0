import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator } from "../auth/authenticator.ts";
import { can } from "../auth/can.ts";
import type { Identity, User } from "../auth/identity.ts";
import type { LinkSigner } from "../auth/signedLink.ts";
import { findUser, findUserById } from "../auth/users.ts";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import type { Database, ReadTx } from "../db/port.ts";
import { type FileAnswer, type FileRequest, requestFile } from "../recordings/fileRequest.ts";
import type { Storage } from "../storage/port.ts";
import { parseRange } from "./byteRange.ts";
import { allowAnyOrigin, answerPreflight } from "./cors.ts";
import { errorReply, writeError } from "./errorReply.ts";

export interface RecordingFilesDeps {
  db: Database;
  storage: Storage;
  authenticator: Authenticator;
  links: LinkSigner;
  clock: Clock;
}

interface FileRoute {
  Params: { recordingId: string; file?: string };
  Querystring: { user?: string; expires?: string; signature?: string };
}

/** A file's name in an address: an id of ours and what is in it. */
const fileName = /^((?:recording|rendition)_[0-9a-z]{26})\.(mp4|m4a)$/;

/** Answers differ by them. */
const vary = "authorization, origin";
/** What scripts of pages elsewhere may read of an answer, besides what they always may. */
const exposedHeaders = "accept-ranges, content-range, etag, retry-after";

/** Seconds after which a file that is not there yet is worth another look. */
const retryAfterS = 2;

/**
 * `GET|HEAD /recordings/{id}.mp4` (the requested rendition) and `/recordings/{id}/{renditionId}.mp4`, `.m4a` for
 * sound. For the meeting's participants, by bearer token or signed link. 200, 206, 304, 416 with the file;
 * 202 not ready, 409 failed, 410 deleted, 404 for everybody else. Pages of any origin may ask.
 */
export function recordingFiles(app: FastifyInstance, deps: RecordingFilesDeps): void {
  allowAnyOrigin(app);
  const handler = async (request: FastifyRequest<FileRoute>, reply: FastifyReply) => {
    reply
      .header("cache-control", "private, no-store")
      .header("vary", vary)
      .header("access-control-expose-headers", exposedHeaders);
    const wanted = parseAddress(request.params);
    if (!wanted) return writeError(reply, errorReply(notFound()));
    return answer(deps, request, reply, wanted);
  };
  for (const url of ["/recordings/:recordingId", "/recordings/:recordingId/:file"]) {
    answerPreflight(app, url);
    app.route({ method: ["GET", "HEAD"], url, handler });
  }
}

function parseAddress({ recordingId, file }: FileRoute["Params"]): FileRequest | undefined {
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
  request: FastifyRequest<FileRoute>,
  reply: FastifyReply,
  wanted: FileRequest,
): Promise<FastifyReply> {
  const identify = await identifier(deps, request, wanted);
  const found = await deps.db.read(async (tx) => {
    const { identity, user } = await identify(tx);
    const permission = can.recordingParticipant("recordingId");
    orThrow(await permission.check({ tx, identity, user, args: { ...wanted } }));
    return requestFile(tx, wanted);
  });
  return found.kind === "file" ? sendFile(deps, request, reply, found) : sendState(reply, found);
}

interface Identified {
  identity: Identity;
  user: User | undefined;
}

/** By link when there is one, else by token. A link is worth its user's present rights, no more. */
async function identifier(
  { links, clock, authenticator }: RecordingFilesDeps,
  request: FastifyRequest<FileRoute>,
  wanted: FileRequest,
): Promise<(tx: ReadTx) => Promise<Identified>> {
  const { user, expires, signature } = request.query;
  if (user === undefined || expires === undefined || signature === undefined) {
    const identity = await authenticator.authenticate(request.headers.authorization);
    return async (tx) => ({ identity, user: await userOf(tx, identity) });
  }
  const file = { recordingId: wanted.recordingId, renditionId: wanted.renditionId ?? "" };
  const grant = links.verify(file, { user, expires, signature }, clock.now());
  if (!grant)
    throw new AppError("UNAUTHORIZED", "The link has expired or is not valid; get a new one");
  return async (tx) => {
    const found = await findUserById(tx, grant.userId);
    if (!found) throw notFound();
    const { issuer, subject } = found;
    return { identity: { kind: "user", issuer, subject }, user: found };
  };
}

/** Somebody who has never called a function is in no meeting: signed in, but a stranger. */
async function userOf(tx: ReadTx, identity: Identity): Promise<User | undefined> {
  if (identity.kind !== "user") return undefined;
  const user = await findUser(tx, identity);
  if (!user) throw notFound();
  return user;
}

async function sendFile(
  { storage }: RecordingFilesDeps,
  request: FastifyRequest<FileRoute>,
  reply: FastifyReply,
  file: Extract<FileAnswer, { kind: "file" }>,
): Promise<FastifyReply> {
  const etag = `"${file.sha256}"`;
  reply.header("etag", etag).header("accept-ranges", "bytes");
  if (matches(request.headers["if-none-match"], etag)) return reply.code(304).send();
  const { range, "if-range": ifRange } = request.headers;
  const wanted = parseRange(
    ifRange === undefined || ifRange === etag ? range : undefined,
    file.sizeBytes,
  );
  if (wanted.kind === "unsatisfiable")
    return reply.code(416).header("content-range", `bytes */${file.sizeBytes}`).send();
  const { start, end } = wanted.kind === "part" ? wanted : { start: 0, end: file.sizeBytes - 1 };
  if (wanted.kind === "part")
    reply.code(206).header("content-range", `bytes ${start}-${end}/${file.sizeBytes}`);
  reply
    .type(file.audioOnly ? "audio/mp4" : "video/mp4")
    .header("content-length", end - start + 1)
    .header("content-disposition", "inline");
  return request.method === "HEAD"
    ? reply.send()
    : reply.send(await storage.read(file.storageKey, { start, end }));
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((value) => ["*", etag, `W/${etag}`].includes(value.trim()));
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

function notFound(): AppError {
  return new AppError("NOT_FOUND", "There is no such recording");
}
