import type { FastifyPluginAsync } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  fakeAuthenticator,
  type SampleServer,
  sampleServer,
} from "../../test/support/functions/sampleServer.ts";
import type { LocalIssuer } from "../auth/issuers/localIssuer.ts";
import { type RecordingFilesDeps, recordingFiles } from "./files/recordingFiles.ts";
import { type RecordingTracksDeps, recordingTracks } from "./files/recordingTracks.ts";
import { type MetricsSource, metricsRoute } from "./metrics.ts";
import { type MediaRooms, roomRoutes } from "./rooms/roomRoutes.ts";
import { localAuth } from "./signIn/localAuth.ts";

/** Nothing here is ever asked: who is refused is refused before. */
const plugins: FastifyPluginAsync[] = [
  (scope) =>
    metricsRoute(scope, { metrics: {} as MetricsSource, authenticator: fakeAuthenticator }),
  (scope) => localAuth(scope, { issuer: {} as LocalIssuer, anywhere: false }),
  async (scope) => recordingFiles(scope, {} as RecordingFilesDeps),
  async (scope) => recordingTracks(scope, {} as RecordingTracksDeps),
  async (scope) =>
    roomRoutes(scope, {
      rooms: {} as MediaRooms<object>,
      iceServersOf: () => [],
      userOf: () => "",
    }),
];

let server: SampleServer;
beforeAll(async () => {
  server = sampleServer({ plugins });
  await server.app.ready();
});
afterAll(() => server.close(0));

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
type Body = [string, Record<string, string>, string];
const none: Body = ["no body", {}, ""];
const bodies: Body[] = [
  none,
  ["an empty body of JSON", { "content-type": "application/json" }, ""],
  ["broken JSON", { "content-type": "application/json" }, "{"],
  ["a body of no known type", { "content-type": "no/such" }, "x"],
  ["a body without a type", {}, "x"],
  ["a long body", { "content-type": "application/json" }, " ".repeat(400_000)],
  ["bad credentials", { authorization: "Bearer nonsense" }, ""],
];

async function ask(method: (typeof methods)[number], url: string, [, headers, payload] = none) {
  const response = await server.app.inject({
    method,
    url,
    headers: { host: "localhost", origin: "https://app.example", ...headers },
    payload,
  });
  return { status: response.statusCode, text: response.body, headers: response.headers };
}

describe.each([
  "/api/query_now",
  "/api/storage/upload",
  "/api",
  "/nothing",
  "/rooms/r/other",
  "/auth/local/other",
])("the unknown address %s", (url) => {
  it.each(bodies)("is 404 for every method with %s", async (...body) => {
    for (const method of methods)
      expect([method, await ask(method, url, body)]).toMatchObject([
        method,
        { status: 404, text: "" },
      ]);
  });
});

describe.each([
  ["/api/query", "POST, OPTIONS"],
  ["/api/query_ts", "POST, OPTIONS"],
  ["/api/query_at_ts", "POST, OPTIONS"],
  ["/api/query_batch", "POST, OPTIONS"],
  ["/api/run/messages/list", "POST, OPTIONS"],
  ["/api/run/no/such", "POST, OPTIONS"],
  ["/api/health", "GET, HEAD, OPTIONS"],
  ["/readyz", "GET, HEAD, OPTIONS"],
  ["/openapi.json", "GET, HEAD, OPTIONS"],
  ["/docs", "GET, HEAD"],
  ["/metrics", "GET, HEAD"],
  ["/auth/local/jwks.json", "GET, HEAD"],
  ["/auth/local/token", "POST, OPTIONS"],
  ["/recordings/recording_1.mp4", "GET, HEAD, OPTIONS"],
  ["/recordings/recording_1/tracks/track0001.webm", "GET, HEAD, OPTIONS"],
  ["/rooms/r/sessions/s", "GET, HEAD, OPTIONS"],
])("the known address %s", (url, allow) => {
  it.each(bodies)("is 405 for every other method with %s", async (...body) => {
    for (const method of methods.filter((one) => !allow.split(", ").includes(one))) {
      const answer = await ask(method, url, body);
      expect([method, answer]).toMatchObject([
        method,
        { status: 405, text: "", headers: { allow } },
      ]);
    }
  });
});

it("tells pages of other origins so where they may ask, and only there", async () => {
  const origin = async (url: string) =>
    (await ask("PUT", url)).headers["access-control-allow-origin"];
  expect(await origin("/api/nothing")).toBe("https://app.example");
  expect(await origin("/api/query")).toBe("https://app.example");
  expect(await origin("/recordings/recording_1.mp4")).toBe("https://app.example");
  expect(await origin("/metrics")).toBeUndefined();
});
