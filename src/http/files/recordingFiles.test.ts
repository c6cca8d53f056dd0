import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RecordingFilesDeps, recordingFiles } from "./recordingFiles.ts";

const origin = "https://app.example";
let app: FastifyInstance;

beforeEach(() => {
  app = Fastify();
  // Nothing here gets as far as looking for a file.
  recordingFiles(app, {} as RecordingFilesDeps);
});

afterEach(() => app.close());

describe("a page of another origin", () => {
  it.each(["/recordings/recording_x.mp4", "/recordings/recording_x/rendition_y.m4a"])(
    "may ask for %s with a token",
    async (url) => {
      const preflight = await app.inject({
        method: "OPTIONS",
        url,
        headers: {
          origin,
          "access-control-request-method": "GET",
          "access-control-request-headers": "authorization,range",
        },
      });
      expect(preflight.statusCode).toBe(200);
      expect(preflight.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-headers": "authorization,range",
      });
    },
  );

  it("may read the answer, also that there is no such file", async () => {
    const answer = await app.inject({ url: "/recordings/x.mp4", headers: { origin } });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "accept-ranges, content-range, etag, retry-after",
      "cache-control": "private, no-store",
      vary: "authorization, origin",
    });
  });
});
