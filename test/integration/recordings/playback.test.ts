import path from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Authenticator } from "../../../src/auth/tokens/authenticator.ts";
import { isAppError } from "../../../src/core/errors.ts";
import { recordingTracks } from "../../../src/http/files/recordingTracks.ts";
import { OpenFiles } from "../../../src/http/limits/openFiles.ts";
import { errorReply, writeError } from "../../../src/http/replies/errorReply.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { getPlayback } from "../../../src/recordings/playback/getPlayback.ts";
import { buildCapture } from "../../media/support/captureBuilder.ts";
import { loop } from "../../media/support/captureFixtures.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage, user } from "../support/recordings.ts";

let test: TestDatabase;
let root: string;
let stage: Stage;
let app: FastifyInstance;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  root = await scratchFolder("connvo-playback-");
  stage = recordingStage(test, root);
  stage.video.captureDir = path.join(root, "capture");
  app = Fastify();
  app.setErrorHandler((error, _request, reply) => writeError(reply, errorReply(error)));
  const authenticator: Authenticator = {
    authenticate: async () => ({ kind: "anonymous" }),
  };
  recordingTracks(app, { ...stage.services, authenticator, openFiles: new OpenFiles() });
});
afterEach(async () => {
  await app.close();
  await test.sql(`DELETE FROM renditions`);
});

/** A stopped recording of two people, one of whom sends H.264 and comes later. */
async function stopped() {
  const meeting = await activeMeeting(test);
  await buildCapture(path.join(root, "capture"), {
    durationMs: 4000,
    publications: [
      { participant: "ada", name: "Ada", media: await loop(0), fromMs: 0, toMs: 4000 },
      {
        ...{ participant: "grace", name: "Grace Hopper", fromMs: 1500, toMs: 4000 },
        media: await loop(1, { codec: "H264" }),
      },
    ],
  });
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  await stopRecording(stage.services, meeting.hostId, meeting);
  return { ...meeting, recordingId };
}

const refusal = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isAppError(error)) throw error ?? new Error("not refused");
  return error.toData();
};

const pathOf = (url: string) => url.slice(url.indexOf("/recordings/"));

describe("getPlayback", () => {
  it("has all a player needs as soon as the recording is stopped", async () => {
    const { hostId, recordingId } = await stopped();
    const playback = await getPlayback(stage.services, hostId, recordingId);
    expect(playback).toMatchObject({
      ...{ recordingId, state: "processing", sealed: true, audioOnly: false, layout: "grid" },
      durationMs: 4000,
      participants: [
        { id: "ada", name: "Ada" },
        { id: "grace", name: "Grace Hopper" },
      ],
      progress: { done: 0 },
    });
    const tracks = playback.tracks.map(
      ({ participantId, mimeType }) => `${participantId} ${mimeType}`,
    );
    expect(tracks.sort()).toEqual([
      'ada audio/webm; codecs="opus"',
      'ada video/webm; codecs="vp8"',
      'grace audio/webm; codecs="opus"',
      'grace video/x-matroska; codecs="avc1"',
    ]);
    expect(playback.file).toBeUndefined();
  });

  it("asks the provider once, however often it is called", async () => {
    const { hostId, recordingId } = await stopped();
    await getPlayback(stage.services, hostId, recordingId);
    const asked = stage.video.calls.recordingState.length;
    await getPlayback(stage.services, hostId, recordingId);
    expect(stage.video.calls.recordingState).toHaveLength(asked);
  });

  it("opens one track at a time, however many there are", async () => {
    const { hostId, recordingId } = await stopped();
    const { captured } = stage.services;
    const open = { now: 0, most: 0, all: 0 };
    const counting: typeof captured = {
      of: async (recording) => {
        const capture = await captured.of(recording);
        if (!capture) return undefined;
        const track = async (trackId: string) => {
          open.most = Math.max(open.most, ++open.now);
          open.all++;
          const content = await capture.track(trackId);
          open.now--;
          return content;
        };
        return { ...capture, track };
      },
    };
    await getPlayback({ ...stage.services, captured: counting }, hostId, recordingId);
    expect(open).toEqual({ now: 0, most: 1, all: 4 });
  });

  it("says to ask again while the recording runs", async () => {
    const meeting = await activeMeeting(test);
    const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
    const refused = await refusal(getPlayback(stage.services, meeting.hostId, recordingId));
    expect(refused).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "not_sealed", state: "recording" },
    });
  });

  it("refuses what was deleted", async () => {
    const { hostId, recordingId } = await stopped();
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    const refused = await refusal(getPlayback(stage.services, hostId, recordingId));
    expect(refused).toMatchObject({ code: "NOT_FOUND", metadata: { reason: "deleted" } });
  });
});

describe("a track's file", () => {
  async function track(kind: "audio" | "video", participant = "ada") {
    const found = await stopped();
    const playback = await getPlayback(stage.services, found.hostId, found.recordingId);
    const [one] = playback.tracks.filter(
      (each) => each.kind === kind && each.participantId === participant,
    );
    if (!one) throw new Error("no such track");
    return {
      ...found,
      ...one,
      url: pathOf(one.url),
      captions: pathOf("captionsUrl" in playback ? playback.captionsUrl : ""),
    };
  }

  it("is sent whole, in part and not at all, by its link", async () => {
    const { url, sizeBytes } = await track("audio");
    const whole = await app.inject({ url });
    expect(whole.statusCode).toBe(200);
    expect(whole.headers).toMatchObject({
      "content-type": "audio/webm",
      "content-length": String(sizeBytes),
      "accept-ranges": "bytes",
      "content-disposition": "inline",
    });
    const { etag = "" } = whole.headers;
    const part = await app.inject({ url, headers: { range: "bytes=100-299" } });
    expect(part.statusCode).toBe(206);
    expect(part.headers["content-range"]).toBe(`bytes 100-299/${sizeBytes}`);
    expect(part.rawPayload.equals(whole.rawPayload.subarray(100, 300))).toBe(true);
    const tail = await app.inject({ url, headers: { range: "bytes=-10", "if-range": etag } });
    expect(tail.rawPayload.equals(whole.rawPayload.subarray(-10))).toBe(true);
    const same = await app.inject({ url, headers: { "if-none-match": etag } });
    expect(same.statusCode).toBe(304);
    const beyond = await app.inject({ url, headers: { range: `bytes=${sizeBytes}-` } });
    expect(beyond.statusCode).toBe(416);
    const head = await app.inject({ url, method: "HEAD" });
    expect(head.headers["content-length"]).toBe(String(sizeBytes));
    expect(head.rawPayload).toHaveLength(0);
  });

  it("is saved under its person's name", async () => {
    const { url } = await track("video", "grace");
    const saved = await app.inject({ url: `${url}&download=1` });
    expect(saved.headers).toMatchObject({
      "content-type": "video/x-matroska",
      "content-disposition": expect.stringMatching(
        /^attachment; filename="Grace Hopper - picture \d+\.mkv"$/,
      ),
    });
  });

  it("has an address of its own: neither link nor name of another opens it", async () => {
    const { url, trackId, recordingId } = await track("audio");
    const other = url.replace(trackId, trackId === "track0001" ? "track0002" : "track0001");
    expect((await app.inject({ url: other })).statusCode).toBe(401);
    expect((await app.inject({ url: url.replace(".webm", ".mkv") })).statusCode).toBe(404);
    expect((await app.inject({ url: url.replace(trackId, "..%2Fevents") })).statusCode).toBe(404);
    const bare = url.slice(0, url.indexOf("?"));
    expect((await app.inject({ url: bare })).statusCode).toBe(401);
    expect((await app.inject({ url: url.replace(recordingId, "recording_x") })).statusCode).toBe(
      404,
    );
  });

  it("is not for a stranger, nor for anybody once the recording is deleted", async () => {
    const { url, recordingId, trackId, hostId } = await track("audio");
    const stranger = await user(test);
    const { links, clock } = stage.services;
    const query = links.sign({
      ...{ recordingId, file: trackId, userId: stranger, expiresAt: clock.now() + 60_000 },
    });
    const bare = url.slice(0, url.indexOf("?"));
    expect((await app.inject({ url: `${bare}?${query}` })).statusCode).toBe(404);
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    expect((await app.inject({ url })).statusCode).toBe(410);
  });

  it("comes with captions of who spoke", async () => {
    const { captions } = await track("audio");
    const answer = await app.inject({ url: captions });
    expect(answer.headers["content-type"]).toBe("text/vtt; charset=utf-8");
    expect(answer.body).toMatch(/^WEBVTT\n\n00:00:0\d\.\d{3} --> .*\n<v (Ada|Grace Hopper)>/);
  });
});
