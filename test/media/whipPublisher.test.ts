import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { loadMediaLoop } from "../../src/synth/media/encode.ts";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { nalUnits } from "../../src/synth/transport/packetizer.ts";
import { steadyClock } from "../../src/synth/transport/steadyClock.ts";
import { WhipError } from "../../src/synth/transport/whipError.ts";
import { type PublisherOptions, WhipPublisher } from "../../src/synth/transport/whipPublisher.ts";
import { buildEncoderProgram, mediaCacheDir } from "../support/synth/programs.ts";
import { framesOf, joinH264, joinVp8, readRtp } from "../support/synth/receivedRtp.ts";
import { runningClock } from "../support/synth/runningClock.ts";
import { WhipReceiver } from "../support/synth/whipReceiver.ts";

let vp8: MediaLoop;
let smallVp8: MediaLoop;
let h264: MediaLoop;
let receiver: WhipReceiver;
const publishers: WhipPublisher[] = [];

beforeAll(async () => {
  const encode = { cacheDir: mediaCacheDir, encoderProgram: await buildEncoderProgram() };
  vp8 = await loadMediaLoop({ width: 640, height: 360, videoKbps: 500 }, encode);
  smallVp8 = await loadMediaLoop({ width: 320, height: 180, videoKbps: 200 }, encode);
  h264 = await loadMediaLoop({ width: 640, height: 360, videoKbps: 500, codec: "H264" }, encode);
});

beforeEach(async () => {
  receiver = await WhipReceiver.open();
});

afterEach(async () => {
  await Promise.all(publishers.splice(0).map((publisher) => publisher.close()));
  await receiver.close();
});

async function publish(options: Partial<PublisherOptions> = {}): Promise<WhipPublisher> {
  const { url } = receiver;
  const publisher = await WhipPublisher.connect({
    url,
    token: "room-token",
    media: vp8,
    clock: runningClock(),
    timeoutMs: 60_000,
    ...options,
  });
  publishers.push(publisher);
  return publisher;
}

const soon = <T>(check: () => T) => vi.waitFor(check, { timeout: 60_000, interval: 20 });

const receivedFrames = (count: number, connection?: number) =>
  soon(() => {
    const frames = framesOf(receiver.rtp("video", connection), joinVp8);
    expect(frames.length).toBeGreaterThanOrEqual(count);
    return frames;
  });

/** The counter of a received frame: its place in the loop. */
function counterOf(loop: MediaLoop, data: Buffer): number {
  return loop.video.findIndex((frame) => frame.data.equals(data));
}

describe("publishing", () => {
  it("sends every VP8 frame unchanged, from a key frame on, at its time", async () => {
    const publisher = await publish();
    const frames = await receivedFrames(40);
    const counters = frames.map(({ data }) => counterOf(vp8, data));
    expect(vp8.video[counters[0] ?? -1]?.key).toBe(true);
    expect(counters).toEqual(counters.map((_, index) => ((counters[0] ?? 0) + index) % 120));
    const steps = frames
      .slice(1)
      .map(({ timestamp }, index) => timestamp - (frames[index]?.timestamp ?? 0));
    expect(new Set(steps.map((step) => step >>> 0))).toEqual(new Set([3000]));
    expect(publisher.sentFrames.map(({ counter }) => counter).slice(0, frames.length)).toEqual(
      counters,
    );
  });

  it("sends every H.264 frame unchanged, parameter sets first", async () => {
    await publish({ media: h264 });
    const frames = await soon(() => {
      const found = framesOf(receiver.rtp("video"), joinH264);
      expect(found.length).toBeGreaterThan(35);
      return found;
    });
    const units = h264.video.map(({ data }) => nalUnits(data).map(String).join());
    const counters = frames.map(({ data }) => units.indexOf(nalUnits(data).map(String).join()));
    expect(counters).toEqual(counters.map((_, index) => ((counters[0] ?? 0) + index) % 120));
    expect((nalUnits(frames[0]?.data ?? Buffer.alloc(0))[0]?.[0] ?? 0) & 31).toBe(7);
  });

  it("sends Opus every 20 ms with its level", async () => {
    await publish();
    // The receiver's first request for a keyframe moves the loop ahead, sound and all.
    const packets = await soon(() => {
      const found = receiver.rtp("audio").map(readRtp).slice(20);
      expect(found.length).toBeGreaterThan(60);
      return found;
    });
    const sentAt = (place: number) => vp8.audio[place % vp8.audio.length];
    // Packets of silence are alike: only all of them together tell the place.
    const first = vp8.audio.findIndex((_, place) =>
      packets.every(({ payload }, index) => sentAt(place + index)?.data.equals(payload)),
    );
    expect(first).toBeGreaterThanOrEqual(0);
    packets.forEach((packet, index) => {
      const sent = sentAt(first + index);
      expect((packet.extension ?? 0) & 127).toBe(-(sent?.levelDbov ?? 1));
      expect((packet.timestamp - (packets[0]?.timestamp ?? 0)) >>> 0).toBe(index * 960);
    });
  });

  it("reports both streams every second on one clock, which the frame log shares", async () => {
    const publisher = await publish();
    const reports = await soon(() => {
      const found = receiver.rtcp("video").filter((packet) => packet[1] === 200);
      expect(found.length).toBeGreaterThanOrEqual(3);
      return found;
    });
    const ntpMs = (packet: Buffer) =>
      (packet.readUInt32BE(8) - 2_208_988_800) * 1000 + (packet.readUInt32BE(12) * 1000) / 2 ** 32;
    const [, second, third] = reports;
    if (!second || !third) throw new Error("reports are missing");
    const passed = ntpMs(third) - ntpMs(second);
    expect(
      Math.abs(((third.readUInt32BE(16) - second.readUInt32BE(16)) >>> 0) / 90 - passed),
    ).toBeLessThan(1);
    const [frame] = framesOf(receiver.rtp("video"), joinVp8);
    const [sent] = publisher.sentFrames;
    const mapped = ntpMs(second) + (((frame?.timestamp ?? 0) - second.readUInt32BE(16)) | 0) / 90;
    expect(Math.abs(mapped - (sent?.sentAt ?? 0))).toBeLessThan(100);
    expect(receiver.rtcp("audio").some((packet) => packet[1] === 200)).toBe(true);
  });

  it("goes on with a key frame where it stood still and left frames out", async () => {
    const clock = runningClock();
    let stoodStillMs = 0;
    const late: Clock = { now: () => clock.now() + stoodStillMs, sleep: clock.sleep };
    await publish({ clock: late });
    const before = (await receivedFrames(20)).length;
    stoodStillMs = 2000;
    const frames = await receivedFrames(before + 30);
    const step = (index: number) =>
      ((frames[index]?.timestamp ?? 0) - (frames[index - 1]?.timestamp ?? 0)) >>> 0;
    const leap = frames.findIndex((_, index) => index > 0 && step(index) > 3000);
    expect(step(leap)).toBeGreaterThan(90 * 1000);
    expect(vp8.video[counterOf(vp8, frames[leap]?.data ?? Buffer.alloc(0))]?.key).toBe(true);
  });

  it("presents its token", async () => {
    await publish({ token: async () => "renewed" });
    expect(receiver.requests[0]).toMatchObject({ method: "POST", authorization: "Bearer renewed" });
  });
});

describe("feedback", () => {
  it("a key frame request is answered with the next frame", async () => {
    const publisher = await publish();
    await receivedFrames(5);
    const before = publisher.sentFrames.length;
    receiver.requestKeyFrame();
    const asked = await soon(() => {
      expect(publisher.stats.keyFrameRequests).toBe(1);
      return publisher.sentFrames.length;
    });
    await soon(() => expect(publisher.sentFrames.length).toBeGreaterThan(asked));
    expect(publisher.sentFrames.slice(before, asked + 1).some(({ key }) => key)).toBe(true);
  });

  it("a packet that is asked for again comes again", async () => {
    const publisher = await publish();
    await receivedFrames(5);
    const [packet] = receiver.rtp("video");
    const sequence = packet?.readUInt16BE(2) ?? 0;
    receiver.requestPacket(sequence);
    // SRTP drops a packet it has seen before, so only the request's arrival shows on this side.
    await soon(() => expect(publisher.stats.nackedPackets).toBe(1));
  });

  it("packets lost on the way arrive when they are asked for", async () => {
    let count = 0;
    const random = () => (++count % 20 === 0 ? 0 : 1);
    const publisher = await publish({ network: { loss: 0.5, delayMs: 5, random } });
    const asked = new Set<number>();
    await soon(() => {
      for (const sequence of missing(receiver.rtp("video"))) {
        if (!asked.has(sequence)) receiver.requestPacket(sequence);
        asked.add(sequence);
      }
      expect(asked.size).toBeGreaterThan(3);
      expect(publisher.stats.nackedPackets).toBeGreaterThan(0);
      const received = new Set(receiver.rtp("video").map((packet) => packet.readUInt16BE(2)));
      expect([...asked].filter((sequence) => received.has(sequence)).length).toBeGreaterThan(2);
    });
  });
});

function missing(packets: readonly Buffer[]): number[] {
  const numbers = packets.map((packet) => packet.readUInt16BE(2)).sort((a, b) => a - b);
  const seen = new Set(numbers);
  const [lowest = 0] = numbers;
  const span = (numbers.at(-1) ?? 0) - lowest;
  return Array.from({ length: span }, (_, index) => lowest + index).filter((n) => !seen.has(n));
}

describe("what a participant does", () => {
  it("muted video stops and resumes with a key frame, while sound goes on", async () => {
    const publisher = await publish();
    await receivedFrames(3);
    publisher.mute("video", true);
    const { length } = publisher.sentFrames;
    const heard = receiver.rtp("audio").length;
    await soon(() => expect(receiver.rtp("audio").length).toBeGreaterThan(heard + 10));
    expect(publisher.sentFrames.length).toBe(length);
    publisher.mute("video", false);
    await soon(() => expect(publisher.sentFrames.length).toBeGreaterThan(length));
    expect(publisher.sentFrames[length]?.key).toBe(true);
  });

  it("muted audio stops and resumes", async () => {
    const publisher = await publish();
    await soon(() => expect(receiver.rtp("audio").length).toBeGreaterThan(3));
    publisher.mute("audio", true);
    const { audioPackets } = publisher.stats;
    await receivedFrames(20);
    expect(publisher.stats.audioPackets).toBe(audioPackets);
    publisher.mute("audio", false);
    await soon(() => expect(publisher.stats.audioPackets).toBeGreaterThan(audioPackets));
  });

  it("with DTX silence is left out and the next beep is marked", async () => {
    await publish({ dtx: true });
    await soon(() => {
      const packets = receiver.rtp("audio").map(readRtp);
      const gaps = packets.slice(1).map(({ timestamp }, index) => {
        return ((timestamp - (packets[index]?.timestamp ?? 0)) >>> 0) / 48;
      });
      expect(gaps.some((gap) => gap >= 300)).toBe(true);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(400);
      expect(packets.slice(1).some(({ marker }) => marker)).toBe(true);
    });
  });

  it("the picture's size changes inside the stream, at a key frame", async () => {
    const publisher = await publish();
    await receivedFrames(3);
    publisher.changeResolution(smallVp8);
    const changed = await soon(() => {
      const found = publisher.sentFrames.find(({ width }) => width === 320);
      expect(found).toBeDefined();
      return found;
    });
    expect(changed).toMatchObject({ key: true, height: 180 });
    await soon(() => {
      const last = framesOf(receiver.rtp("video"), joinVp8).at(-1);
      expect(counterOf(smallVp8, last?.data ?? Buffer.alloc(0))).not.toBe(-1);
    });
  });

  it("refuses to change the codec of a stream", async () => {
    const publisher = await publish();
    expect(() => publisher.changeResolution(h264)).toThrow(RangeError);
  });
});

describe("leaving", () => {
  it("close tells the server, once, and stops sending", async () => {
    const publisher = await publish();
    await receivedFrames(3);
    await publisher.close();
    await publisher.close();
    expect(publisher.state).toBe("closed");
    const deletes = receiver.requests.filter(({ method }) => method === "DELETE");
    expect(deletes).toEqual([
      { method: "DELETE", path: "/rooms/r1/whip/session-1", authorization: "Bearer room-token" },
    ]);
  });

  it("vanish says nothing and sends nothing", async () => {
    const publisher = await publish({ network: { loss: 0, delayMs: 0, random: () => 1 } });
    await receivedFrames(3);
    publisher.vanish();
    const { length } = publisher.sentFrames;
    const { videoPackets, audioPackets } = publisher.stats;
    receiver.requestKeyFrame();
    const other = await publish();
    await soon(() => expect(other.sentFrames.length).toBeGreaterThan(20));
    expect(publisher.stats).toMatchObject({ videoPackets, audioPackets, keyFrameRequests: 0 });
    expect(publisher.sentFrames.length).toBe(length);
    expect(publisher.state).toBe("vanished");
    expect(receiver.requests.map(({ method }) => method)).toEqual(["POST", "POST"]);
  });
});

describe("refusals", () => {
  it("carry the server's status, code and wait", async () => {
    receiver.refusals.push({
      status: 429,
      body: { code: "RATE_LIMIT_EXCEEDED", message: "Full" },
      headers: { "retry-after": "2" },
    });
    const error = await publish().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WhipError);
    expect(error).toMatchObject({
      failure: "refused",
      status: 429,
      code: "RATE_LIMIT_EXCEEDED",
      retryAfterMs: 2000,
      retryable: true,
    });
  });

  it("of a bad token are final", async () => {
    receiver.refusals.push({
      status: 401,
      body: { errorData: { code: "UNAUTHORIZED", message: "No" } },
    });
    await expect(publish()).rejects.toMatchObject({ code: "UNAUTHORIZED", retryable: false });
  });

  it("an unreachable server is told apart", async () => {
    const gone = receiver;
    const { url } = gone;
    // Opened first, so that it does not get the address of the other.
    receiver = await WhipReceiver.open();
    await gone.close();
    await expect(publish({ url })).rejects.toMatchObject({ failure: "unreachable" });
  });

  it("media that never connects ends the attempt and its session", async () => {
    receiver.answersMedia = false;
    // Media is waited for by this clock, requests by another.
    const hurried: Clock = {
      ...steadyClock,
      sleep: (ms, signal) => steadyClock.sleep(ms / 200, signal),
    };
    await expect(publish({ clock: hurried })).rejects.toMatchObject({ failure: "disconnected" });
    expect(receiver.requests.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  });

  it("an abort ends the attempt", async () => {
    receiver.answersMedia = false;
    const giveUp = new AbortController();
    const attempt = publish({ signal: giveUp.signal });
    const refused = expect(attempt).rejects.toBeInstanceOf(WhipError);
    await soon(() => expect(receiver.requests.length).toBe(1));
    giveUp.abort();
    await refused;
  });
});

describe("reconnecting", () => {
  it("without it a lost connection is a failure with its reason", async () => {
    const publisher = await publish({ silenceMs: 800 });
    await receivedFrames(20);
    receiver.dropConnections();
    await soon(() => expect(publisher.state).toBe("failed"));
    expect(publisher.failure).toMatchObject({ failure: "disconnected" });
  });

  it("a publisher is back after the server lost it, with a key frame, on the same clock", async () => {
    const publisher = await publish({ reconnect: true, silenceMs: 800 });
    const states: string[] = [];
    publisher.onState((state) => states.push(state));
    await receivedFrames(3);
    receiver.refusals.push({ status: 503 }, { status: 409 });
    receiver.dropConnections();
    const frames = await receivedFrames(5, 1);
    expect(states).toEqual(["reconnecting", "live"]);
    expect(publisher.stats.connections).toBe(2);
    expect(vp8.video[counterOf(vp8, frames[0]?.data ?? Buffer.alloc(0))]?.key).toBe(true);
    const times = publisher.sentFrames.map(({ mediaMs }) => mediaMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("a pause of its own is not taken for a silent server", async () => {
    let pausedMs = 0;
    const running = runningClock();
    const clock: Clock = { ...running, now: () => running.now() + pausedMs };
    const publisher = await publish({ clock, silenceMs: 2000 });
    await receivedFrames(3);
    pausedMs += 5000;
    const { length } = publisher.sentFrames;
    await soon(() => expect(publisher.sentFrames.length).toBeGreaterThan(length + 20));
    expect(publisher).toMatchObject({ state: "live", stats: { connections: 1 } });
  });

  it("a silent server counts as lost", async () => {
    const publisher = await publish({ reconnect: true, silenceMs: 900 });
    await receivedFrames(20);
    receiver.fallSilent();
    await soon(() => expect(publisher.stats.connections).toBe(2));
  });

  it("a final refusal ends it", async () => {
    const publisher = await publish({ reconnect: true, silenceMs: 800 });
    receiver.refusals.push({ status: 401 });
    receiver.dropConnections();
    await soon(() => expect(publisher.state).toBe("failed"));
    expect(publisher.failure).toMatchObject({ status: 401 });
  });

  it("closing while it is away is quiet", async () => {
    const publisher = await publish({ reconnect: true, silenceMs: 800 });
    receiver.refusals.push(...Array.from({ length: 50 }, () => ({ status: 503 })));
    receiver.dropConnections();
    await soon(() => expect(publisher.state).toBe("reconnecting"));
    await publisher.close();
    expect(publisher.state).toBe("closed");
  });
});
