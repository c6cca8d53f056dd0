import { beforeEach, describe, expect, test } from "vitest";
import { senderReport, video, vp8 } from "../../../test/support/rtpPackets.ts";
import type { TimedFrame } from "../codecs/frames.ts";
import type { MediaLine } from "../sdp/offer.ts";
import type { TrackSink } from "./trackConsumers.ts";
import { TrackReceiver } from "./trackReceiver.ts";

const audio: MediaLine = {
  mid: "a",
  kind: "audio",
  codec: "opus",
  payloadType: 111,
  clockRate: 48_000,
  audioLevelId: 1,
  transportSequenceId: 5,
  retransmits: false,
};

class Sink implements TrackSink {
  leftOut(): void {}
  frames: TimedFrame[] = [];
  levels: number[] = [];
  reports: [number, number][] = [];
  restarts: string[] = [];
  full = false;
  frame(frame: TimedFrame): boolean {
    if (!this.full) this.frames.push(frame);
    return !this.full;
  }
  received(): void {}
  isOn(): boolean {
    return true;
  }
  level(dbov: number): void {
    this.levels.push(dbov);
  }
  senderReport(ntpMs: number, rtp: number): void {
    this.reports.push([ntpMs, rtp]);
  }
  restart(reason: string): void {
    this.restarts.push(reason);
  }
}

let sent: Buffer[];
/** Transport sequence numbers and when they arrived. */
let arrivals: [number, number][];
const transport = {
  arrived: (sequence: number, now: number) => void arrivals.push([sequence, now]),
};
let receiver: TrackReceiver;
let sink: Sink;
beforeEach(() => {
  sent = [];
  arrivals = [];
  receiver = new TrackReceiver(video, 1, (rtcp) => sent.push(rtcp), transport);
  sink = new Sink();
});
/** Type and format of the feedback behind the empty report. */
const asked = () => sent.map((packet) => `${packet.readUInt8(9)}/${packet.readUInt8(8) & 0x1f}`);
const pli = "206/1";
const nack = "205/1";

describe("keyframes are asked for", () => {
  test("at once when a running track is tapped, and again until one comes", () => {
    receiver.receive(vp8(1, false), 0);
    receiver.tap(sink, 10);
    expect(asked()).toEqual([pli]);
    receiver.tick(300);
    expect(asked()).toEqual([pli]);
    receiver.tick(410);
    expect(asked()).toEqual([pli, pli]);
    receiver.receive(vp8(2, true), 420);
    receiver.tick(900);
    expect(asked()).toEqual([pli, pli]);
    expect(sink.frames).toHaveLength(1);
  });

  test("with the first packets when the tap was there before", () => {
    receiver.tap(sink, 0);
    expect(asked()).toEqual([]);
    receiver.receive(vp8(1, false), 20);
    receiver.tick(20);
    expect(asked()).toEqual([pli]);
  });

  test("every ten seconds", () => {
    receiver.receive(vp8(1, true), 0);
    receiver.tap(sink, 0);
    receiver.receive(vp8(2, true), 1000);
    sent.length = 0;
    receiver.tick(10_999);
    expect(asked()).toEqual([]);
    receiver.tick(11_000);
    expect(asked()).toEqual([pli]);
  });

  test("when packets are lost for good", () => {
    receiver.tap(sink, 0);
    receiver.receive(vp8(1, true), 0);
    receiver.receive(vp8(3, false), 10);
    sent.length = 0;
    receiver.tick(1010);
    expect(asked()).toEqual([pli]);
    expect(receiver.counters).toMatchObject({ lost: 1, packets: 2 });
  });

  test("when the sink refused a frame, which ends the pause", () => {
    receiver.tap(sink, 0);
    receiver.receive(vp8(1, true), 0);
    sink.full = true;
    receiver.receive(vp8(2, false), 10);
    sink.full = false;
    receiver.receive(vp8(3, false), 20);
    receiver.tick(500);
    expect(asked().at(-1)).toBe(pli);
    receiver.receive(vp8(4, true), 510);
    expect(sink.frames.map(({ key }) => key)).toEqual([true, true]);
  });
});

describe("a missing packet", () => {
  test("is asked for at once and every 80 ms, and used when it comes", () => {
    receiver.tap(sink, 0);
    receiver.receive(vp8(1, true), 0);
    sent.length = 0;
    receiver.receive(vp8(3, false), 10);
    expect(asked()).toEqual([nack]);
    receiver.tick(90);
    expect(asked()).toEqual([nack, nack]);
    receiver.receive(vp8(2, false), 95);
    expect(sink.frames.map(({ rtp }) => rtp / 3000)).toEqual([1, 2, 3]);
    expect(sink.frames.map(({ arrivedAt }) => arrivedAt)).toEqual([0, 95, 10]);
  });

  test("is not asked for while nobody records", () => {
    receiver.receive(vp8(1, true), 0);
    receiver.receive(vp8(9, false), 10);
    receiver.tick(100);
    expect(sent).toEqual([]);
  });
});

describe("what is sent in the same stream", () => {
  test("under another payload type only counts", () => {
    receiver.tap(sink, 0);
    receiver.receive(vp8(1, true), 0);
    receiver.receive(vp8(2, false, { payloadType: 13 }), 10);
    receiver.receive(vp8(3, false), 20);
    expect(sink.frames).toHaveLength(2);
    expect(receiver.counters).toMatchObject({ packets: 3, lost: 0 });
  });
});

describe("a sender report", () => {
  test("reaches the sink, one of a foreign source does not", () => {
    receiver.receive(vp8(1, true), 0);
    receiver.tap(sink, 0);
    receiver.receive(senderReport(5), 10);
    receiver.receive(senderReport(99), 10);
    expect(sink.reports).toEqual([[1_000_000, 90_000]]);
  });

  test("from before the tap is told as of now", () => {
    receiver.receive(vp8(1, true), 0);
    receiver.receive(senderReport(5), 1000);
    receiver.tap(sink, 3000);
    expect(sink.reports).toEqual([[1_002_000, 270_000]]);
  });
});

test("audio levels reach the sink, and Opus needs no keyframe", () => {
  receiver = new TrackReceiver(audio, 1, (rtcp) => sent.push(rtcp), transport);
  receiver.tap(sink, 0);
  const extension = Buffer.from([0xbe, 0xde, 0, 2, 0x10, 35, 0x51, 1, 2, 0, 0, 0]);
  const packet = Buffer.concat([
    vp8(1, true, { payloadType: 111 }).subarray(0, 12),
    extension,
    Buffer.from("opus"),
  ]);
  packet.writeUInt8(0x90, 0);
  receiver.receive(packet, 7);
  receiver.tick(20_000);
  expect(arrivals).toEqual([[0x0102, 7]]);
  expect(sink.levels).toEqual([-35]);
  expect(sink.frames[0]?.data.toString()).toBe("opus");
  expect(sent).toEqual([]);
});

test("a report is made once there is something to report", () => {
  expect(receiver.report(0)).toBeUndefined();
  for (const sequence of [1, 2, 4]) receiver.receive(vp8(sequence, true), 0);
  const report = receiver.report(1000);
  expect(report?.readUInt8(12)).toBe(64);
  expect(report?.readIntBE(13, 3)).toBe(1);
});
