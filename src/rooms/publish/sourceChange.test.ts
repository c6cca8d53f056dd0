import { beforeEach, describe, expect, test } from "vitest";
import { senderReport, video, vp8 } from "../../../test/support/rtpPackets.ts";
import type { TimedFrame } from "../codecs/frames.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import type { Forwarder, TrackSink } from "./trackConsumers.ts";
import { TrackReceiver } from "./trackReceiver.ts";

/** What a capture and a subscriber were given, in order. */
class Listener implements TrackSink, Forwarder {
  leftOut(): void {}
  readonly needsKeyframe = false;
  frames: TimedFrame[] = [];
  /** Sequence numbers of the frames, and what happened between them. */
  told: (number | string)[] = [];
  passed: (number | string)[] = [];
  reports: number[] = [];
  frame(frame: TimedFrame): boolean {
    this.frames.push(frame);
    this.told.push(frame.rtp / 3000);
    return true;
  }
  received(): void {}
  isOn(): boolean {
    return true;
  }
  level(): void {}
  packet({ timestamp }: { timestamp: number }): void {
    this.passed.push(timestamp / 3000);
  }
  senderReport(report: number | SenderReport): void {
    if (typeof report === "number") this.reports.push(report);
  }
  restart(reason?: string): void {
    if (reason === undefined) this.passed.push("restart");
    else this.told.push(reason);
  }
}

const [first, second] = [5, 6];
const change = "source_changed";
let receiver: TrackReceiver;
let listener: Listener;
beforeEach(() => {
  receiver = new TrackReceiver(video, 1, () => undefined, { arrived: () => undefined });
  listener = new Listener();
  receiver.tap(listener, 0);
  receiver.addForwarder(listener, 0);
});

const send = (ssrc: number, sequence: number, now: number, over = {}) =>
  receiver.receive(vp8(sequence, true, { ssrc, ...over }), now);
function bye(ssrc: number, now: number): void {
  const packet = Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(ssrc, 4);
  receiver.receive(packet, now);
}

describe("a sender that goes on under another SSRC", () => {
  test("without a gap is followed after 100 ms, and nothing of it is lost", () => {
    send(first, 1, 0);
    for (let i = 0; i <= 3; i++) send(second, 900 + i, 33 * (i + 1));
    expect(listener.told).toEqual([1]);
    send(second, 904, 165);
    expect(listener.told).toEqual([1, change, 900, 901, 902, 903, 904]);
    expect(listener.passed).toEqual([1, "restart", 900, 901, 902, 903, 904]);
    expect(listener.frames.map(({ arrivedAt }) => arrivedAt)).toEqual([0, 33, 66, 99, 132, 165]);
    expect(receiver.counters.packets).toBe(6);
    expect([receiver.ssrc, receiver.sourceChanges]).toEqual([second, 1]);
  });

  test("while packets of the old one are overtaken keeps what came between them", () => {
    send(first, 1, 0);
    send(second, 900, 20);
    send(first, 2, 25);
    for (const [i, now] of [40, 80, 120, 160].entries()) send(second, 901 + i, now);
    expect(listener.told).toEqual([1, 2, change, 900, 901, 902, 903, 904]);
  });

  test("whose first packet is overtaken loses none", () => {
    send(first, 1, 0);
    send(second, 0, 20);
    send(second, 65_535, 25);
    for (const sequence of [1, 2]) send(second, sequence, 60 * sequence + 10);
    expect(listener.told).toEqual([1, change, 65_535, 0, 1, 2]);
    expect(receiver.counters.packets).toBe(5);
  });

  test("loses nothing when packets of the old one are sent again meanwhile, or come twice", () => {
    send(first, 1, 0);
    send(first, 3, 10);
    for (let i = 0; i <= 2; i++) send(second, 900 + i, 20 + 40 * i);
    send(first, 2, 125);
    send(first, 3, 128);
    send(second, 903, 130);
    expect(listener.told).toEqual([1, 2, 3, change, 900, 901, 902, 903]);
  });

  test("is followed although packets of the old one still come after its BYE", () => {
    send(first, 1, 0);
    send(first, 3, 5);
    bye(first, 10);
    send(first, 2, 15);
    send(second, 900, 20);
    expect(listener.told).toEqual([1, 2, 3, change, 900]);
  });

  test("after a pause too, even when it is one picture that stands still", () => {
    send(first, 1, 0);
    send(second, 900, 800);
    receiver.tick(1200);
    expect(listener.told).toEqual([1]);
    receiver.tick(1300);
    expect(listener.told).toEqual([1, change, 900]);
  });

  test("after a BYE is followed at once", () => {
    send(first, 1, 0);
    bye(first, 10);
    send(second, 900, 20);
    expect(listener.told).toEqual([1, change, 900]);
  });

  test("brings its clock along", () => {
    send(first, 1, 0);
    send(second, 900, 20);
    receiver.receive(senderReport(second), 30);
    for (const now of [60, 120]) send(second, 900 + now, now);
    expect(listener.reports).toEqual([1_000_090]);
  });
});

describe("an SSRC is not followed", () => {
  test("while the present one sends, whatever both do", () => {
    for (let now = 0; now < 5000; now += 90) {
      send(first, now, now);
      send(second, now, now + 5);
      receiver.tick(now + 10);
    }
    expect(receiver.ssrc).toBe(first);
    expect(listener.told).not.toContain(change);
  });

  test("when it is slow, as the present one is", () => {
    send(first, 0, 0);
    for (let now = 1000; now < 20_000; now += 1000) {
      send(second, now, now);
      send(first, now + 1, now + 40);
      receiver.tick(now + 50);
    }
    expect([receiver.ssrc, receiver.sourceChanges]).toEqual([first, 0]);
  });

  test("under another payload type: it is a repair stream", () => {
    send(first, 1, 0);
    for (let now = 1000; now < 3000; now += 100) send(second, now, now, { payloadType: 97 });
    receiver.tick(3000);
    expect(receiver.ssrc).toBe(first);
  });

  test("first, under another payload type", () => {
    send(second, 1, 0, { payloadType: 97 });
    send(first, 1, 10);
    expect(receiver.ssrc).toBe(first);
  });

  test("when it has said BYE itself", () => {
    send(first, 1, 0);
    send(second, 900, 20);
    bye(second, 30);
    receiver.tick(10_000);
    expect(receiver.ssrc).toBe(first);
  });
});

describe("a BYE", () => {
  test("of the stream is told, and does not end it", () => {
    send(first, 1, 0);
    bye(first, 10);
    bye(second, 20);
    send(first, 2, 60_000);
    expect(listener.told).toEqual([1, 2]);
  });

  test("that its stream has outlived makes nobody else follow", () => {
    send(first, 1, 0);
    bye(first, 10);
    send(first, 2, 20);
    send(second, 900, 30);
    expect(receiver.ssrc).toBe(first);
  });
});

describe("who means harm", () => {
  test("changes a bounded number of times, and is followed again later", () => {
    let now = 0;
    send(first, 1, now);
    for (let ssrc = 1000; ssrc < 2000; ssrc++) {
      bye(receiver.ssrc ?? 0, now);
      send(ssrc, 1, ++now);
    }
    expect(receiver.sourceChanges).toBe(16);
    bye(receiver.ssrc ?? 0, now);
    now += 20_000;
    for (const more of [0, 200]) send(9999, more, now + more);
    expect([receiver.ssrc, receiver.sourceChanges]).toEqual([9999, 17]);
  });

  test("makes us keep a bounded number of packets", () => {
    send(first, 1, 0);
    for (let i = 0; i < 50_000; i++) {
      const big = Buffer.concat([
        vp8(i & 0xffff, false, { ssrc: 100 + (i % 50) }),
        Buffer.alloc(900),
      ]);
      receiver.receive(big, 1);
    }
    send(first, 2, 2);
    bye(first, 3);
    send(100, 9, 4);
    expect(receiver.ssrc).toBe(100);
    expect(receiver.counters.packets).toBeLessThan(1100);
  });
});
