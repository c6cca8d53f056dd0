import { beforeEach, describe, expect, test } from "vitest";
import {
  aggregate,
  fragments,
  ppsUnit,
  sliceUnit,
  spsUnit,
} from "../../../test/support/h264Units.ts";
import { video, vp8 } from "../../../test/support/rtpPackets.ts";
import type { TimedFrame } from "../codecs/frames.ts";
import type { MediaLine } from "../sdp/offer.ts";
import { GroupBudget } from "./keptGroup.ts";
import { TrackReceiver } from "./trackReceiver.ts";

/** What was asked for, and when. */
let asked: [kind: string, at: number][];
let frames: TimedFrame[];
let now: number;
let receiver: TrackReceiver;

function begin(line: MediaLine): void {
  asked = [];
  frames = [];
  now = 0;
  const note = (rtcp: Buffer): void => {
    asked.push([rtcp.readUInt8(9) === 206 ? "keyframe" : "packet", now]);
  };
  const budget = new GroupBudget(1_000_000);
  receiver = new TrackReceiver(
    line,
    1,
    note,
    { arrived: () => undefined },
    {
      budget,
      owner: "ann",
    },
  );
  const ignore = (): void => undefined;
  const frame = (one: TimedFrame): boolean => frames.push(one) > 0;
  receiver.tap(
    {
      frame,
      received: () => undefined,
      isOn: () => true,
      level: ignore,
      leftOut: ignore,
      senderReport: ignore,
      restart: ignore,
    },
    0,
  );
}
const receive = (packet: Buffer, at: number): void => {
  now = at;
  receiver.receive(packet, at);
};
const tickUntil = (end: number): void => {
  while (now < end) receiver.tick(++now);
};
const numbers = () => frames.map(({ rtp }) => rtp / 3000);
const keyframesAskedAt = () => asked.flatMap(([kind, at]) => (kind === "keyframe" ? [at] : []));

describe("of a sender that sends nothing again", () => {
  beforeEach(() => begin({ ...video, retransmits: false }));

  test("a packet that was overtaken is waited for", () => {
    receive(vp8(1, true), 0);
    receive(vp8(3, false), 40);
    tickUntil(110);
    receive(vp8(2, false), 115);
    expect(numbers()).toEqual([1, 2, 3]);
    expect(asked).toEqual([]);
  });

  test("a lost packet is given up soon, and a keyframe asked for at once", () => {
    receive(vp8(1, true), 0);
    receive(vp8(3, false), 40);
    receive(vp8(4, false), 119);
    expect(asked).toEqual([]);
    receive(vp8(5, false), 121);
    expect(asked).toEqual([["keyframe", 121]]);
    receive(vp8(6, true), 150);
    expect(numbers()).toEqual([1, 6]);
    expect(receiver.counters.lost).toBe(1);
  });

  test("the next loss is followed by a request as soon as that", () => {
    receive(vp8(1, true), 0);
    receive(vp8(3, false), 40);
    tickUntil(120);
    receive(vp8(4, true), 160);
    receive(vp8(6, false), 200);
    tickUntil(1000);
    expect(keyframesAskedAt().slice(0, 2)).toEqual([120, 320]);
  });

  test("a request that was lost is repeated by how soon the sender answers", () => {
    receive(vp8(1, true), 0);
    receive(vp8(3, false), 40);
    tickUntil(120);
    receive(vp8(4, true), 170);
    receive(vp8(6, false), 1000);
    tickUntil(1500);
    expect(keyframesAskedAt()).toEqual([120, 1080, 1180, 1380]);
  });

  test("what cannot have been overtaken holds nothing up", () => {
    receive(vp8(1, true), 0);
    // Its counter leapt.
    receive(vp8(2001, true), 40);
    tickUntil(120);
    expect(numbers()).toEqual([1, 2001]);
  });
});

describe("of a sender that sends again", () => {
  beforeEach(() => begin(video));

  test("a keyframe is asked for when a packet does not come after a few requests, and the packet is still taken", () => {
    receive(vp8(1, true), 0);
    receive(vp8(3, false), 40);
    tickUntil(359);
    expect(keyframesAskedAt()).toEqual([]);
    tickUntil(400);
    expect(keyframesAskedAt()).toEqual([360]);
    receive(vp8(4, true), 450);
    tickUntil(900);
    expect(keyframesAskedAt()).toEqual([360]);
    receive(vp8(2, false), 905);
    expect(numbers()).toEqual([1, 2, 3, 4]);
    expect(receiver.counters).toMatchObject({ lost: 0, droppedFrames: 0 });
  });

  test("the picture goes on from that keyframe when the packet never comes", () => {
    receive(vp8(1, true), 0);
    receive(vp8(3, false), 40);
    tickUntil(380);
    receive(vp8(4, true), 400);
    receive(vp8(5, false), 440);
    tickUntil(1100);
    expect(numbers()).toEqual([1, 4, 5]);
    expect(keyframesAskedAt()).toEqual([360]);
  });

  test("a hole that is too long to be asked for is given up at once", () => {
    receive(vp8(1, true), 0);
    receive(vp8(1000, false), 40);
    tickUntil(119);
    expect(asked).toEqual([]);
    tickUntil(121);
    expect(asked).toEqual([["keyframe", 120]]);
  });
});

test("sound is waited for, in order, also where sending again was not agreed on", () => {
  begin({ ...video, kind: "audio", codec: "opus", clockRate: 48_000, retransmits: false });
  receive(vp8(1, false), 0);
  receive(vp8(3, false), 40);
  tickUntil(900);
  expect(asked[0]).toEqual(["packet", 40]);
  receive(vp8(2, false), 905);
  expect(numbers()).toEqual([1, 2, 3]);
});

describe("a lost packet of a frame no other refers to", () => {
  /** VP8 packets of two a frame; each with its picture number, when told. */
  const packet = (
    sequence: number,
    over: { key?: boolean; spare?: boolean; numbered?: boolean },
  ) => {
    const { key = false, spare = false, numbered = true } = over;
    const picture = sequence >> 1;
    const starts = sequence % 2 === 0;
    const flags = (spare ? 0x20 : 0) | (starts ? 0x10 : 0) | (numbered ? 0x80 : 0);
    const descriptor = numbered ? [flags, 0x80, picture & 0x7f] : [flags];
    const whole = vp8(sequence, key);
    whole[1] = starts ? 96 : 0x80 | 96;
    whole.writeUInt32BE(picture * 3000, 4);
    return Buffer.concat([whole.subarray(0, 12), Buffer.from(descriptor), whole.subarray(13)]);
  };
  /** The pictures stored of 6 from the second on, when a packet is lost. */
  function stored(lost: readonly number[], spare: readonly number[], numbered = true): number[] {
    begin({ ...video, retransmits: false });
    for (let sequence = 2; sequence < 14; sequence++) {
      const over = { key: sequence < 4, spare: spare.includes(sequence >> 1), numbered };
      if (!lost.includes(sequence)) receive(packet(sequence, over), sequence * 10);
    }
    tickUntil(500);
    return numbers();
  }

  test.each([
    ["its end", [7], [3], [1, 2, 4, 5, 6]],
    ["its beginning", [6], [3], [1, 2, 4, 5, 6]],
    ["those of two of them", [7, 8], [3, 4], [1, 2, 5, 6]],
  ])("leaves out only that: %s", (_, lost, spare, expected) => {
    expect(stored(lost, spare)).toEqual(expected);
    expect(receiver.counters.droppedFrames).toBeGreaterThan(0);
    expect(keyframesAskedAt()).toEqual([]);
  });

  test.each([
    ["another refers to it", [7], []],
    ["the one behind was hit too", [7, 8], [3]],
    ["a whole one is gone", [6, 7], [3]],
  ])("and all that follows when %s", (_, lost, spare) => {
    expect(stored(lost, spare)).toEqual([1, 2]);
    expect(keyframesAskedAt().length).toBeGreaterThan(0);
  });

  test("is not certain without picture numbers, unless it can have been nothing else", () => {
    expect(stored([7], [3], false)).toEqual([1, 2]);
    expect(stored([6], [3], false)).toEqual([1, 2, 4, 5, 6]);
    expect(stored([4, 5, 6], [3], false)).toEqual([1]);
  });

  test("is certain in the midst of an H.264 picture", () => {
    const parts = (referenced: boolean) =>
      fragments(sliceUnit({ referenced, bytes: 30 }), 8).map((payload, i, all) => ({
        payload,
        marker: i === all.length - 1,
      }));
    const key = aggregate(spsUnit(0, 320, 176), ppsUnit(0, 0), sliceUnit({ idr: true }));
    const pictures = [[{ payload: key, marker: true }], parts(true), parts(false), parts(true)];
    const wire = pictures
      .flatMap((packets, picture) => packets.map((one) => ({ ...one, picture })))
      .map(({ payload, marker, picture }, sequence) => {
        const head = vp8(sequence, false).subarray(0, 12);
        head[1] = marker ? 0x80 | 96 : 96;
        head.writeUInt32BE(picture * 3000, 4);
        return { picture, sequence, packet: Buffer.concat([head, payload]) };
      });
    for (const hit of wire.slice(1)) {
      begin({ ...video, codec: "H264", retransmits: false });
      const { picture, sequence } = hit;
      for (const one of wire) if (one !== hit) receive(one.packet, one.sequence * 10);
      tickUntil(600);
      const last = sequence === wire.length - 1;
      const goesOn = picture === 2 ? [0, 1, 3] : [0, 1, 2, 3].slice(0, picture);
      expect(numbers(), `without packet ${sequence}`).toEqual(last ? [0, 1, 2] : goesOn);
    }
  });
});
