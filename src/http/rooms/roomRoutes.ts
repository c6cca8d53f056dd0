import { STATUS_CODES } from "node:http";
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
  onRequestHookHandler,
} from "fastify";
import { AppError } from "../../core/errors.ts";
import { CallRates } from "../../core/limits/callRates.ts";
import type { MediaSource } from "../../core/media.ts";
import { orThrow, type Result } from "../../core/result.ts";
import type { IceServer } from "../../meetings/room/iceServers.ts";
import { bodyTooLong } from "../limits/bodyGuard.ts";
import { allowAnyOrigin, answerPreflight } from "../replies/cors.ts";
import { RequestError } from "../replies/requestError.ts";
import { parseIceFragment } from "./iceFragment.ts";
import { iceServerLinks } from "./iceServerLinks.ts";

const sdp = "application/sdp";
const iceFragment = "application/trickle-ice-sdpfrag";
/** Longest fragment that is read, bytes: a browser has a dozen candidates. */
const fragmentLimit = 16 * 1024;
/** Longest session descriptions we read, bytes: a subscriber's has two lines for everybody in the room. */
const sdpLimits = { whip: 64 * 1024, whep: 256 * 1024 } as const;
const maxQueryText = 128;
/** Each makes a transport; somebody whose network changes all the time sends a few a minute. */
const offersPerMinute = 300;

type Protocol = "whip" | "whep";

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
  /** ICE user fragment of the client of a session to publish (`whip`) or to watch. @throws AppError NOT_FOUND without one */
  clientUfrag(grant: Grant, protocol: Protocol, sessionId: string): Promise<string>;
}

export interface RoomRoutesOptions<Grant> {
  rooms: MediaRooms<Grant>;
  /** What the grant's user reaches the room through. */
  iceServersOf: (grant: Grant) => IceServer[];
  /** Names whoever has the grant, in every room. */
  userOf: (grant: Grant) => string;
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
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): `POST /rooms/{roomId}/whip` or `…/whep` with an SDP offer and a room token as
 * bearer → 201, the SDP answer and the session's address; `DELETE` on that address ends it. Answers are complete; candidates may be
 * trickled by `PATCH` (RFC 8840), and are found by ICE itself: this server calls no address it is told. An ICE restart is 422.
 * `?source=screen` publishes a screen beside the camera; `?participant=` watches one person, `?client=` lets a newer subscription
 * replace the older one of the same client. `GET /rooms/{roomId}/sessions/{sessionId}` tells whoever hears nothing any more whether
 * the session still is: 204, or 404. WHIP keeps GET of its own addresses for itself.
 */
export function roomRoutes<Grant>(app: FastifyInstance, options: RoomRoutesOptions<Grant>): void {
  const { rooms } = options;
  acceptSdpOnly(app);
  allowAnyOrigin(app);
  app.addHook("onSend", async (_request, reply, payload) => asProblem(reply, payload));
  const admitOffer = offerRates(options);
  const routes = (protocol: Protocol, sessions: Sessions<Grant>) =>
    sessionRoutes(app, protocol, { ...options, sessions, admitOffer });
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

/** Counts offers, over all rooms; to be called with each. @throws AppError RATE_LIMIT_EXCEEDED for somebody who has sent too many */
function offerRates<Grant>({ userOf }: RoomRoutesOptions<Grant>): (grant: Grant) => void {
  const offers = new CallRates(() => performance.now());
  return (grant) => {
    const retryAfterMs = offers.take(userOf(grant), offersPerMinute);
    if (retryAfterMs === undefined) return;
    const limit = offersPerMinute;
    throw new AppError("RATE_LIMIT_EXCEEDED", `At most ${limit} offers in 60 s`, {
      ...{ action: "offer", limit, retryAfterMs },
    });
  };
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
  protocol: Protocol,
  options: RoomRoutesOptions<Grant> & {
    sessions: Sessions<Grant>;
    admitOffer: (grant: Grant) => void;
  },
): void {
  const { rooms, iceServersOf, sessions, admitOffer } = options;
  const address = `/rooms/:roomId/${protocol}`;
  const session = `${address}/:sessionId`;
  answerPreflight(app, address, { "accept-post": sdp });
  answerPreflight(app, session, { "accept-patch": iceFragment });
  const grants = new WeakMap<RoomRequest, { grant: Grant }>();
  // Before the body is read: strangers are read nothing from.
  const admit = (limit: number) => async (request: RoomRequest) => {
    grants.set(request, { grant: await grantOf(rooms, request) });
    const { authorization: share = "" } = request.headers;
    request.bodyAllowance = { limit, refusal: bodyTooLong(limit), share };
  };
  const bodyLimit = sdpLimits[protocol];
  const admitPost = async (request: RoomRequest) => {
    await admit(bodyLimit)(request);
    admitOffer((grants.get(request) as { grant: Grant }).grant);
  };
  const post = { bodyLimit, onRequest: [saying("accept-post", sdp), admitPost] };
  app.post<RoomRoute>(address, post, async (request, reply) => {
    const { grant } = grants.get(request) as { grant: Grant };
    const { sessionId, answer } = await sessions.open(grant, offerOf(request), request);
    const { roomId } = request.params;
    const links = iceServerLinks(iceServersOf(grant));
    if (links.length > 0) reply.header("link", links);
    return reply
      .code(201)
      .header("location", `/rooms/${encodeURIComponent(roomId)}/${protocol}/${sessionId}`)
      .header("etag", entityTag(sessionId))
      .header("accept-patch", iceFragment)
      .header("access-control-expose-headers", "location, link, etag, accept-patch")
      .type(sdp)
      .send(answer);
  });
  const patch = {
    bodyLimit: fragmentLimit,
    onRequest: [saying("accept-patch", iceFragment), admit(fragmentLimit)],
  };
  app.patch<RoomRoute>(session, patch, async (request, reply) => {
    const { grant } = grants.get(request) as { grant: Grant };
    const { sessionId } = request.params;
    checkTrickle(request, sessionId, await rooms.clientUfrag(grant, protocol, sessionId));
    return reply.code(204).send();
  });
  app.delete<RoomRoute>(session, async (request, reply) => {
    await sessions.end(await grantOf(rooms, request), request.params.sessionId);
    return reply.code(200).send();
  });
  refuseMethods(app, address, ["GET", "HEAD", "PUT", "PATCH", "DELETE"], "POST, OPTIONS");
  refuseMethods(app, session, ["GET", "HEAD", "PUT", "POST"], "PATCH, DELETE, OPTIONS");
}

function saying(name: string, value: string): onRequestHookHandler {
  return (_request, reply, done) => {
    reply.header(name, value);
    done();
  };
}

/** One ICE session lives as long as its publish or watch session: it is not restarted. */
const entityTag = (sessionId: string): string => `"${sessionId}"`;

/** @throws RequestError as RFC 9725 has it for a server that takes candidates, but does not restart ICE */
function checkTrickle(request: RoomRequest, sessionId: string, ufrag: string): void {
  const { "if-match": ifMatch, "content-type": type } = request.headers;
  if (mediaType(type) !== iceFragment || typeof request.body !== "string")
    throw new RequestError(415, "UnsupportedMediaType", `Send candidates as ${iceFragment}`);
  if (ifMatch === undefined) {
    const message = "Send If-Match with the ETag that the answer to the offer had";
    throw new RequestError(428, "PreconditionRequired", message);
  }
  const tags = ifMatch.split(",").map((tag) => tag.trim());
  if (!tags.includes("*") && !tags.includes(entityTag(sessionId)))
    throw new RequestError(412, "PreconditionFailed", "If-Match does not name this ICE session");
  const fragment = parseIceFragment(request.body);
  if (!fragment) {
    const message = "The body is no SDP fragment with the ice-ufrag and ice-pwd of one ICE session";
    throw new RequestError(400, "BadSdpFragment", message);
  }
  if (fragment.ufrag !== ufrag) {
    const message = "ICE is not restarted here: end this session and send a new offer";
    throw new RequestError(422, "IceRestartUnsupported", message);
  }
}

/** The body limit answers before the whole body is read. */
function acceptSdpOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([sdp, iceFragment], { parseAs: "string" }, (_request, body, done) =>
    done(null, body),
  );
}

/** Refusals as clients of these protocols show them to people: problem details (RFC 9457), beside what errors have everywhere. */
function asProblem(reply: FastifyReply, payload: unknown): unknown {
  const { statusCode: status } = reply;
  if (status < 400 || typeof payload !== "string" || !payload.startsWith("{")) return payload;
  const told = JSON.parse(payload) as { message?: string };
  const title = STATUS_CODES[status] ?? "Refused";
  reply.type("application/problem+json").removeHeader("content-length");
  return JSON.stringify({ title, status, detail: told.message, ...told });
}

function mediaType(header: string | undefined): string {
  return header?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
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

function offerOf({ body, headers }: RoomRequest): string {
  if (mediaType(headers["content-type"]) === iceFragment)
    throw new RequestError(415, "UnsupportedMediaType", `Send an SDP offer as ${sdp}`);
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

function refuseMethods(
  app: FastifyInstance,
  url: string,
  method: HTTPMethods[],
  allow: string,
): void {
  // Also with a body of a type that is not read here.
  const onRequest: onRequestHookHandler = (_request, reply) => {
    reply.code(405).header("allow", allow).send();
  };
  app.route({ method, url, onRequest, handler: (_request, reply) => reply.send() });
}
