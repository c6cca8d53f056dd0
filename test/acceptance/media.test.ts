import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import type { WhipPublisher } from "../../src/synth/transport/whipPublisher.ts";
import { takeTime } from "../support/patience.ts";
import {
  getRecording,
  inRoom,
  invite,
  type RecordingDetail,
  type Rendition,
  startedMeeting,
  startRecording,
  stopRecording,
  userIdOf,
} from "./support/meetings.ts";
import { type Person, refusalOf, signIn } from "./support/person.ts";
import { haveSent, mediaOf, publish } from "./support/publishing.ts";
import { flashes, lateness, look, median, offsets } from "./support/seen.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

/** Length of the recording: enough for twenty flashes of two participants. */
const seconds = 12;

let site: Site;
let server: ServerProcess;
let folder: string;
let host: Person;
let guest: Person;
let meetingId: string;
let publishers: WhipPublisher[] = [];
let recording: RecordingDetail;

beforeAll(async () => {
  site = await openSite();
  folder = path.dirname(site.dataDir);
  server = await site.start();
  host = await signIn(server.url, "Ada <b>& Łukasz</b> 日本");
  guest = await signIn(server.url, "Grace");
  meetingId = await startedMeeting(host);
  await invite(host, guest, meetingId);
  await enter(host, await mediaOf(0));
  await enter(guest, await mediaOf(1, { codec: "H264" }));
  const { recordingId } = await startRecording(host, meetingId);
  await haveSent(publishers, seconds * 1000);
  await stopRecording(host, meetingId);
  // This process stands still while it decodes files: nobody is to be in the room meanwhile.
  await leave();
  recording = await isReady(host, recordingId);
});

afterAll(async () => {
  await leave();
  await site.close();
});

async function leave(): Promise<void> {
  await Promise.all(publishers.map((publisher) => publisher.close()));
}

/** Publishes, and waits until the room hears it: tiles are in the order in which people appear. */
async function enter(person: Person, media: MediaLoop): Promise<void> {
  publishers.push(await publish(server.url, person, meetingId, { media, reconnect: true }));
  await until("they are in the room", 60_000, async () => {
    return (await inRoom(host, meetingId)) === publishers.length;
  });
}

function isReady(person: Person, recordingId: string): Promise<RecordingDetail> {
  return eventually(`${recordingId} is ready`, 90_000, async () => {
    const found = await getRecording(person, recordingId);
    if (found.state === "failed") throw new Error(JSON.stringify(found.error));
    return found.state === "ready" ? found : undefined;
  });
}

const get = (url: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(url, { method, headers: { authorization: `Bearer ${host.token}`, ...headers } });

async function download(url: string): Promise<string> {
  const answer = await get(url);
  expect(answer.status).toBe(200);
  const file = path.join(folder, path.basename(new URL(url).pathname));
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  return file;
}

const compose = (args: object) =>
  host.action<Rendition>("recordings/actions:composeRecording", {
    recordingId: recording.recordingId,
    ...args,
  });

const composed = (renditionId: string) =>
  eventually(`${renditionId} is ready`, 90_000, async () => {
    const { renditions } = await getRecording(host, recording.recordingId);
    const found = renditions.find((rendition) => rendition.renditionId === renditionId);
    if (found?.state === "failed") throw new Error(found.error);
    return found?.state === "ready" ? found : undefined;
  });

describe("a recording of two people", () => {
  it("is as long as it ran, whole, and without problems", async () => {
    const length = (recording.stoppedAt ?? 0) - (recording.startedAt ?? 0);
    expect(recording.durationMs).toBe(length);
    expect(Math.abs((recording.probe?.durationMs ?? 0) - length)).toBeLessThanOrEqual(200);
    expect(recording.probe).toMatchObject({
      problems: [],
      faststart: true,
      container: "mp4",
      video: { codec: "h264", width: 1280, height: 720 },
      audio: { codec: "aac", sampleRate: 48_000 },
    });
    expect(Math.abs(recording.probe?.avOffsetMs ?? 1000)).toBeLessThanOrEqual(80);
    expect(recording.gaps).toEqual([]);
    const kinds = recording.tracks.map(({ kind, codec }) => `${kind} ${codec.toLowerCase()}`);
    expect(kinds.sort()).toEqual(["audio opus", "audio opus", "video h264", "video vp8"]);
  });

  it("shows each participant's colour and counter in their tile, when they were sent", async () => {
    const tiles = [
      { x: 8, y: 184, width: 628, height: 352 },
      { x: 644, y: 184, width: 628, height: 352 },
    ];
    const seen = look(await download(recording.recordingUrl), tiles);
    expect(seen.pictures).toBeGreaterThan(seconds * 29);
    // Tiles are in order of appearance, and both appear with the recording's first packets.
    const order = seen.marks.map((marks) => median(marks.map(({ mark }) => mark.colour ?? -1)));
    expect([...order].sort()).toEqual([0, 1]);
    const avOffsets = order.flatMap((participant, tile) => {
      const marks = seen.marks[tile] ?? [];
      const right = marks.filter(({ mark }) => mark.colour === participant);
      expect(right.length / marks.length).toBeGreaterThan(0.95);
      const late = lateness(
        marks,
        publishers[participant]?.sentFrames ?? [],
        recording.startedAt ?? 0,
      );
      expect(late.length / marks.length).toBeGreaterThan(0.95);
      expect(Math.abs(median(late))).toBeLessThan(120);
      const beeps = seen.beeps(participant);
      expect(beeps.length).toBeGreaterThanOrEqual(seconds - 2);
      return offsets(flashes(marks), beeps);
    });
    expect(avOffsets.length).toBeGreaterThanOrEqual(2 * (seconds - 2));
    expect(Math.abs(median(avOffsets))).toBeLessThanOrEqual(80);
  });

  it("is composed again as spotlight, 360p, once, however often that is asked for", async () => {
    const asked = await Promise.all(
      [1, 2, 3].map(() => compose({ layout: "spotlight", quality: "360p" })),
    );
    expect(new Set(asked.map(({ renditionId }) => renditionId)).size).toBe(1);
    const { url } = await composed(asked[0]?.renditionId ?? "");
    const large = { x: 4, y: 40, width: 500, height: 280 };
    const small = { x: 508, y: 144, width: 128, height: 72 };
    const { marks } = look(await download(url), [large, small]);
    const pairs = (marks[0] ?? []).map(({ mark }, index) => {
      return [mark.colour, marks[1]?.[index]?.mark.colour].join("+");
    });
    const whole = pairs.filter((pair) => pair === "0+1" || pair === "1+0");
    expect(whole.length / pairs.length).toBeGreaterThan(0.9);
    const readable = (marks[0] ?? []).filter(({ mark }) => mark.counter !== undefined);
    expect(readable.length / pairs.length).toBeGreaterThan(0.9);
    const again = await compose({ layout: "spotlight", quality: "360p" });
    expect(again).toMatchObject({ renditionId: asked[0]?.renditionId, state: "ready", url });
  });

  it("is composed as sound only: one .m4a, whatever layout is named", async () => {
    const rendition = await compose({ audioOnly: true });
    expect(rendition.url).toMatch(/\.m4a$/);
    const same = await compose({ audioOnly: true, layout: "spotlight", quality: "1080p" });
    expect(same.renditionId).toBe(rendition.renditionId);
    await composed(rendition.renditionId);
    const answer = await get(rendition.url, {}, "HEAD");
    expect(answer.headers.get("content-type")).toBe("audio/mp4");
    const seen = look(await download(rendition.url), []);
    expect(seen.pictures).toBe(0);
    for (const participant of [0, 1])
      expect(seen.beeps(participant).length).toBeGreaterThanOrEqual(seconds - 2);
  });

  it("lists what was made of it", async () => {
    const { renditions } = await getRecording(host, recording.recordingId);
    expect(renditions.map(({ config }) => config)).toContainEqual(recording.config);
    for (const { sizeBytes, sha256, state } of renditions) {
      expect(state).toBe("ready");
      expect(sizeBytes).toBeGreaterThan(10_000);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

describe("its file", () => {
  it("is served whole, by HEAD and by ranges, with its hash as ETag", async () => {
    const { recordingUrl, sha256, sizeBytes = 0 } = recording;
    const head = await get(recordingUrl, {}, "HEAD");
    expect(head.status).toBe(200);
    expect(Number(head.headers.get("content-length"))).toBe(sizeBytes);
    expect(head.headers.get("etag")).toBe(`"${sha256}"`);
    expect(head.headers.get("accept-ranges")).toBe("bytes");
    expect(head.headers.get("cache-control")).toBe("private, no-store");
    const whole = Buffer.from(await (await get(recordingUrl)).arrayBuffer());
    expect(whole.length).toBe(sizeBytes);
    expect(createHash("sha256").update(whole).digest("hex")).toBe(sha256);
    for (const [range, start, end] of [
      ["bytes=0-0", 0, 0],
      ["bytes=100-299", 100, 299],
      [`bytes=${sizeBytes - 10}-`, sizeBytes - 10, sizeBytes - 1],
      ["bytes=-25", sizeBytes - 25, sizeBytes - 1],
      [`bytes=5-${sizeBytes + 100}`, 5, sizeBytes - 1],
    ] as const) {
      const part = await get(recordingUrl, { range });
      expect(part.status).toBe(206);
      expect(part.headers.get("content-range")).toBe(`bytes ${start}-${end}/${sizeBytes}`);
      const bytes = Buffer.from(await part.arrayBuffer());
      expect(bytes.equals(whole.subarray(start, end + 1))).toBe(true);
    }
  });

  it("answers conditions: 304, 416, and a range only of the file that is meant", async () => {
    const { recordingUrl, sha256, sizeBytes = 0 } = recording;
    const etag = `"${sha256}"`;
    for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const unchanged = await get(recordingUrl, { "if-none-match": condition });
      expect(unchanged.status).toBe(304);
      expect(await unchanged.text()).toBe("");
    }
    const beyond = await get(recordingUrl, { range: `bytes=${sizeBytes}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe(`bytes */${sizeBytes}`);
    const other = await get(recordingUrl, { range: "bytes=0-9", "if-range": '"older"' });
    expect(other.status).toBe(200);
    await other.arrayBuffer();
    const same = await get(recordingUrl, { range: "bytes=0-9", "if-range": etag });
    expect(same.status).toBe(206);
    await same.arrayBuffer();
  });

  it("is for everyone in the meeting, and nobody else", async () => {
    const stranger = await signIn(server.url, "stranger");
    const status = async (person: Person) => {
      const headers = { authorization: `Bearer ${person.token}` };
      return (await get(recording.recordingUrl, headers, "HEAD")).status;
    };
    expect(await status(guest)).toBe(200);
    expect(await status(stranger)).toBe(404);
  });
});

describe("a signed link", () => {
  const link = async (person: Person, args: object = {}) => {
    const { recordingId } = recording;
    return person.action<{ url: string; expiresAt: number }>(
      "recordings/actions:createDownloadLink",
      { recordingId, ...args },
    );
  };
  const statusOf = async (url: string) => (await fetch(url, { method: "HEAD" })).status;

  it("opens the file without a token, for ten minutes at most", async () => {
    const { url, expiresAt } = await link(host, { expiresInMs: 3_600_000 });
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(600_000);
    expect(await statusOf(url)).toBe(200);
    const part = await fetch(url, { headers: { range: "bytes=0-3" } });
    expect(part.status).toBe(206);
  });

  it("is good for its file, user and time only", async () => {
    const { url } = await link(host);
    const changed = (name: string, value: string) => {
      const other = new URL(url);
      other.searchParams.set(name, value);
      return other.href;
    };
    const { renditions } = await getRecording(host, recording.recordingId);
    const another = renditions.find(({ url: address }) => address.endsWith(".m4a"));
    const search = new URL(url).search;
    const later = Number(new URL(url).searchParams.get("expires")) + 1;
    for (const forged of [
      changed("user", await userIdOf(guest)),
      changed("expires", String(later)),
      changed("expires", "Infinity"),
      changed("signature", "AAAA"),
      `${another?.url}${search}`,
    ])
      expect(await statusOf(forged)).toBe(401);
  });

  it("expires", async () => {
    const url = await eventually("a link is opened in time", 60_000, async () => {
      const made = await link(host, { expiresInMs: 500 });
      return (await statusOf(made.url)) === 200 ? made.url : undefined;
    });
    await until("the link has expired", 60_000, async () => (await statusOf(url)) === 401);
  });

  it("is worth nothing once its user is out of the meeting", async () => {
    const { url } = await link(guest);
    expect(await statusOf(url)).toBe(200);
    const userId = await userIdOf(guest);
    await host.mutation("meetings/lifecycle:removeParticipant", { meetingId, userId });
    expect(await statusOf(url)).toBe(404);
    expect(await refusalOf(link(guest))).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a recording of sound only", () => {
  it("becomes an .m4a, and its capture can still be composed with pictures", async () => {
    publishers = [];
    await enter(host, await mediaOf(0));
    const { recordingId, recordingUrl } = await startRecording(host, meetingId, {
      audioOnly: true,
    });
    expect(recordingUrl).toMatch(/\.m4a$/);
    await haveSent(publishers, 3000);
    await stopRecording(host, meetingId);
    await leave();
    const ready = await isReady(host, recordingId);
    expect(ready.probe).toMatchObject({ problems: [], audio: { codec: "aac" } });
    expect(ready.probe).not.toHaveProperty("video");
    const sound = look(await download(recordingUrl), []);
    expect(sound.pictures).toBe(0);
    expect(sound.beeps(0).length).toBeGreaterThanOrEqual(2);
    recording = ready;
    const { renditionId } = await compose({ layout: "single-participant", quality: "360p" });
    const { url } = await composed(renditionId);
    const whole = { x: 0, y: 0, width: 640, height: 360 };
    const { marks } = look(await download(url), [whole]);
    const colours = (marks[0] ?? []).map(({ mark }) => mark.colour);
    // The first picture comes with the first keyframe.
    const pictures = colours.slice(colours.indexOf(0));
    const right = pictures.filter((colour) => colour === 0);
    expect(right.length).toBeGreaterThan(30);
    expect(right.length / pictures.length).toBeGreaterThan(0.95);
  });

  it("is removed with all its files when deleted", async () => {
    const { recordingId, recordingUrl, renditions } = await getRecording(
      host,
      recording.recordingId,
    );
    await host.mutation("recordings/mutations:deleteRecording", { recordingId });
    expect((await get(recordingUrl)).status).toBe(410);
    for (const { url } of renditions) expect((await get(url)).status).toBe(410);
  });
});
