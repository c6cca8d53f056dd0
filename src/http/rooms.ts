import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../core/errors.ts";
import { orThrow, type Result } from "../core/result.ts";
import { allowAnyOrigin, answerPreflight } from "./cors.ts";

/** Longest session description we read, bytes. */
const sdpLimit = 64 * 1024;

/** Rooms that can be published into over HTTP; `Grant` is whatever proves the right to. */
export interface PublishableRooms<Grant> {
  /** The grant of a bearer token for this room; UNAUTHORIZED for every other token. */
  verifyToken(token: string, roomId: string): Promise<Result<Grant>>;
  publish(
    grant: Grant,
    offer: string,
    options?: { source?: MediaSource; signal?: AbortSignal },
  ): Promise<{ sessionId: string; answer: string }>;
  unpublish(grant: Grant, sessionId: string, signal?: AbortSignal): Promise<void>;
}

type MediaSource = "camera" | "screen";

interface RoomRoute {
  Params: { roomId: string; sessionId: string };
  Querystring: { source?: unknown };
  Body: string;
}

/**
 * WHIP (RFC 9725): `POST /rooms/{roomId}/whip` with an SDP offer and a room token as bearer → 201, the SDP answer and
 * the session's address; `?source=screen` publishes a screen beside the camera; `DELETE` on that address ends it. Answers are complete, so `PATCH` (trickle) is 405.
 */
export function roomRoutes<Grant>(
  app: FastifyInstance,
  { rooms }: { rooms: PublishableRooms<Grant> },
): void {
  acceptSdpOnly(app);
  allowAnyOrigin(app);
  const address = "/rooms/:roomId/whip";
  const session = `${address}/:sessionId`;
  answerPreflight(app, address);
  answerPreflight(app, session);

  app.post<RoomRoute>(address, async (request, reply) => {
    const grant = await grantOf(rooms, request);
    const { sessionId, answer } = await rooms.publish(grant, offerOf(request), {
      source: sourceOf(request),
    });
    const { roomId } = request.params;
    return reply
      .code(201)
      .header("location", `/rooms/${encodeURIComponent(roomId)}/whip/${sessionId}`)
      .header("access-control-expose-headers", "location")
      .type("application/sdp")
      .send(answer);
  });
  app.delete<RoomRoute>(session, async (request, reply) => {
    await rooms.unpublish(await grantOf(rooms, request), request.params.sessionId);
    return reply.code(200).send();
  });
  for (const url of [address, session]) {
    app.route({ method: "PATCH", url, handler: (_request, reply) => methodNotAllowed(reply) });
  }
}

/** The body limit answers before the whole body is read. */
function acceptSdpOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/sdp",
    { parseAs: "string", bodyLimit: sdpLimit },
    (_request, body, done) => done(null, body),
  );
}

async function grantOf<Grant>(
  rooms: PublishableRooms<Grant>,
  request: FastifyRequest<RoomRoute>,
): Promise<Grant> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) {
    throw new AppError(
      "UNAUTHORIZED",
      "Send the room token of generateParticipantTokenPublic as bearer token",
    );
  }
  return orThrow(await rooms.verifyToken(token, request.params.roomId));
}

function offerOf({ body }: FastifyRequest<RoomRoute>): string {
  if (typeof body === "string" && body.length > 0) return body;
  throw new AppError("VALIDATION_ERROR", "Send an SDP offer as application/sdp", { field: "body" });
}

function sourceOf({ query }: FastifyRequest<RoomRoute>): MediaSource {
  const { source = "camera" } = query;
  if (source === "camera" || source === "screen") return source;
  throw new AppError("VALIDATION_ERROR", "The source is camera or screen.", { field: "source" });
}

function methodNotAllowed(reply: FastifyReply): FastifyReply {
  return reply.code(405).header("allow", "POST, DELETE, OPTIONS").send();
}
