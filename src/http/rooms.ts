import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../core/errors.ts";
import { orThrow, type Result } from "../core/result.ts";
import type { IceServer } from "../meetings/iceServers.ts";
import { allowAnyOrigin, answerPreflight } from "./cors.ts";
import { iceServerLinks } from "./iceServerLinks.ts";
import { bodyTooLong } from "./limits/bodyGuard.ts";

/** Longest session descriptions we read, bytes: a subscriber's has two lines for everybody in the room. */
const sdpLimits = { whip: 64 * 1024, whep: 256 * 1024 } as const;
const maxQueryText = 128;

type MediaSource = "camera" | "screen";

interface SessionAnswer {
  sessionId: string;
  /** SDP. */
  answer: string;
}

/** Rooms that can be published into and watched over HTTP; `Grant` is whatever proves the right to. */
export interface MediaRooms<Grant> {
  /** The grant of a bearer token for this room; UNAUTHORIZED for every other token. */
  verifyToken(token: string, roomId: string): Promise<Result<Grant>>;
  publish(grant: Grant, offer: string, options: { source: MediaSource }): Promise<SessionAnswer>;
  unpublish(grant: Grant, sessionId: string): Promise<void>;
  subscribe(
    grant: Grant,
    offer: string,
    options: {
      /** One publication; absent = everybody else's. */
      target: { userId: string; source: MediaSource } | undefined;
      client: string | undefined;
    },
  ): Promise<SessionAnswer>;
  unsubscribe(grant: Grant, sessionId: string): Promise<void>;
  /** Whether it is known, to publish or to watch. */
  hasSession(grant: Grant, sessionId: string): Promise<boolean>;
}

export interface RoomRoutesOptions<Grant> {
  rooms: MediaRooms<Grant>;
  /** What the grant's user reaches the room through. */
  iceServersOf: (grant: Grant) => IceServer[];
}

interface RoomRoute {
  Params: { roomId: string; sessionId: string };
  Querystring: { source?: unknown; participant?: unknown; client?: unknown };
  Body: string;
}

type RoomRequest = FastifyRequest<RoomRoute>;

interface Sessions<Grant> {
  open(grant: Grant, offer: string, request: RoomRequest): Promise<SessionAnswer>;
  end(grant: Grant, sessionId: string): Promise<void>;
}

/**
 * WHIP (RFC 9725) and WHEP: `POST /rooms/{roomId}/whip` or `…/whep` with an SDP offer and a room token as bearer → 201,
 * the SDP answer and the session's address; `DELETE` on that address ends it. Answers are complete, so `PATCH`
 * (trickle) is 405. `?source=screen` publishes a screen beside the camera; `?participant=` watches one person,
 * `?client=` lets a newer subscription replace the older one of the same client. `GET /rooms/{roomId}/sessions/{sessionId}`
 * tells whoever hears nothing any more whether the session still is: 204, or 404. WHIP keeps GET of its own addresses for itself.
 */
export function roomRoutes<Grant>(
  app: FastifyInstance,
  { rooms, iceServersOf }: RoomRoutesOptions<Grant>,
): void {
  acceptSdpOnly(app);
  allowAnyOrigin(app);
  const routes = (protocol: "whip" | "whep", sessions: Sessions<Grant>) =>
    sessionRoutes(app, protocol, { rooms, iceServersOf, sessions });
  routes("whip", {
    open: (grant, offer, { query }) => {
      return rooms.publish(grant, offer, { source: sourceOf(query.source) });
    },
    end: (grant, sessionId) => rooms.unpublish(grant, sessionId),
  });
  routes("whep", {
    open: (grant, offer, { query }) => {
      const client = textOf(query.client, "client");
      return rooms.subscribe(grant, offer, { target: targetOf(query), client });
    },
    end: (grant, sessionId) => rooms.unsubscribe(grant, sessionId),
  });
  sessionCheck(app, rooms);
}

function sessionCheck<Grant>(app: FastifyInstance, rooms: MediaRooms<Grant>): void {
  const address = "/rooms/:roomId/sessions/:sessionId";
  answerPreflight(app, address);
  app.get<RoomRoute>(address, async (request, reply) => {
    const grant = await grantOf(rooms, request);
    if (await rooms.hasSession(grant, request.params.sessionId))
      return reply.code(204).header("cache-control", "no-store").send();
    throw new AppError("NOT_FOUND", "There is no such session: publish or watch again");
  });
}

function sessionRoutes<Grant>(
  app: FastifyInstance,
  protocol: "whip" | "whep",
  { rooms, iceServersOf, sessions }: RoomRoutesOptions<Grant> & { sessions: Sessions<Grant> },
): void {
  const address = `/rooms/:roomId/${protocol}`;
  const session = `${address}/:sessionId`;
  answerPreflight(app, address);
  answerPreflight(app, session);
  const bodyLimit = sdpLimits[protocol];
  const grants = new WeakMap<RoomRequest, { grant: Grant }>();
  // Before the offer is read: strangers are read nothing from.
  const admit = async (request: RoomRequest) => {
    grants.set(request, { grant: await grantOf(rooms, request) });
    const { authorization: share = "" } = request.headers;
    request.bodyAllowance = { limit: bodyLimit, refusal: bodyTooLong(bodyLimit), share };
  };
  app.post<RoomRoute>(address, { bodyLimit, onRequest: admit }, async (request, reply) => {
    const { grant } = grants.get(request) as { grant: Grant };
    const { sessionId, answer } = await sessions.open(grant, offerOf(request), request);
    const { roomId } = request.params;
    const links = iceServerLinks(iceServersOf(grant));
    if (links.length > 0) reply.header("link", links);
    return reply
      .code(201)
      .header("location", `/rooms/${encodeURIComponent(roomId)}/${protocol}/${sessionId}`)
      .header("access-control-expose-headers", "location, link")
      .type("application/sdp")
      .send(answer);
  });
  app.delete<RoomRoute>(session, async (request, reply) => {
    await sessions.end(await grantOf(rooms, request), request.params.sessionId);
    return reply.code(200).send();
  });
  for (const url of [address, session]) {
    app.route({ method: "PATCH", url, handler: (_request, reply) => methodNotAllowed(reply) });
  }
}

/** The body limit answers before the whole body is read. */
function acceptSdpOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/sdp", { parseAs: "string" }, (_request, body, done) =>
    done(null, body),
  );
}

async function grantOf<Grant>(rooms: MediaRooms<Grant>, request: RoomRequest): Promise<Grant> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) {
    throw new AppError(
      "UNAUTHORIZED",
      "Send the room token of generateParticipantTokenPublic as bearer token",
    );
  }
  return orThrow(await rooms.verifyToken(token, request.params.roomId));
}

function offerOf({ body }: RoomRequest): string {
  if (typeof body === "string" && body.length > 0) return body;
  throw new AppError("VALIDATION_ERROR", "Send an SDP offer as application/sdp", { field: "body" });
}

function targetOf({
  participant,
  source,
}: RoomRoute["Querystring"]): { userId: string; source: MediaSource } | undefined {
  const userId = textOf(participant, "participant");
  return userId === undefined ? undefined : { userId, source: sourceOf(source) };
}

function sourceOf(source: unknown): MediaSource {
  if (source === undefined) return "camera";
  if (source === "camera" || source === "screen") return source;
  throw new AppError("VALIDATION_ERROR", "The source is camera or screen.", { field: "source" });
}

function textOf(value: unknown, field: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length > 0 && value.length <= maxQueryText) return value;
  const message = `${field} is given once, with at most ${maxQueryText} characters.`;
  throw new AppError("VALIDATION_ERROR", message, { field });
}

function methodNotAllowed(reply: FastifyReply): FastifyReply {
  return reply.code(405).header("allow", "POST, DELETE, OPTIONS").send();
}
