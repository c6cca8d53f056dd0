import type { Readable } from "node:stream";
import { create as contentDisposition } from "content-disposition";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { allowAnyOrigin } from "../replies/cors.ts";
import { parseRange } from "./byteRange.ts";

/** Something whose bytes can be sent, all or in part. */
export interface Sendable {
  sizeBytes: number;
  /** Changes with the content. */
  digest: string;
  /** Media type. */
  type: string;
  /** Name for saving it; left out, it is shown and not saved. */
  saveAs?: string | undefined;
  /** Called when its bytes are about to be sent. @throws where they may not be */
  begin(): void;
  /** Bytes `start..end` inclusive. */
  read(range: { start: number; end: number }): Readable | Promise<Readable>;
}

/** What scripts of pages elsewhere may read of an answer, besides what they always may. */
const exposedHeaders = "accept-ranges, content-range, etag, retry-after";

/** Pages of any origin may ask for the files of `scope`; nobody between may keep them, for answers differ by caller. */
export function privateFiles(scope: FastifyInstance): void {
  allowAnyOrigin(scope);
  scope.addHook("onRequest", (_request, reply, done) => {
    reply
      .header("cache-control", "private, no-store")
      .header("vary", "authorization, origin")
      .header("access-control-expose-headers", exposedHeaders);
    done();
  });
}

/** Answers GET and HEAD with what was asked for: 200, 206, 304 or 416 (RFC 9110). */
export async function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  { sizeBytes, digest, type, saveAs, begin, read }: Sendable,
): Promise<FastifyReply> {
  const etag = `"${digest}"`;
  reply.header("etag", etag).header("accept-ranges", "bytes");
  if (matches(request.headers["if-none-match"], etag)) return reply.code(304).send();
  const { range, "if-range": ifRange } = request.headers;
  const wanted = parseRange(
    ifRange === undefined || ifRange === etag ? range : undefined,
    sizeBytes,
  );
  if (wanted.kind === "unsatisfiable")
    return reply.code(416).header("content-range", `bytes */${sizeBytes}`).send();
  if (request.method === "GET") begin();
  const { start, end } = wanted.kind === "part" ? wanted : { start: 0, end: sizeBytes - 1 };
  if (wanted.kind === "part")
    reply.code(206).header("content-range", `bytes ${start}-${end}/${sizeBytes}`);
  reply
    .type(type)
    .header("content-length", end - start + 1)
    .header("content-disposition", saveAs === undefined ? "inline" : attachment(saveAs));
  return request.method === "HEAD" ? reply.send() : reply.send(await read({ start, end }));
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((value) => ["*", etag, `W/${etag}`].includes(value.trim()));
}

/** RFC 6266: the name, and one without accents for those who read ASCII only. */
function attachment(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\x20-\x7e]/g, "_");
  return contentDisposition(name, { fallback: plain });
}
