import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { senderReport, video, vp8 } from "../../../test/support/rtpPackets.ts";
import type { TimedFrame } from "../codecs/frames.ts";
import { GroupBudget } from "./keptGroup.ts";
import type { TrackSink } from "./trackConsumers.ts";
import { TrackReceiver } from "./trackReceiver.ts";

class Sink implements TrackSink {
  leftOut(): void {}
  frames: TimedFrame[] = [];
  refuseFrom = Number.POSITIVE_INFINITY;
  frame(frame: TimedFrame): boolean {
    if (this.frames.length >= this.refuseFrom) return false;
    this.frames.push(frame);
    return true;
  }
  received(): void {}
  isOn(): boolean {
    return true;
  }
  level(): void {}
  senderReport(): void {}
  restart(): void {}
  /** Sequence numbers: every frame is one packet. */
  get sequences(): number[] {
    return this.frames.map(({ rtp }) => rtp / 3000);
  }
}

let asked: number;
let budget: GroupBudget;
let receiver: TrackReceiver;
let sink: Sink;
beforeEach(() => {
  asked = 0;
  budget = new GroupBudget(1_000_000);
  receiver = receiverOf(budget);
  sink = new Sink();
});

const receiverOf = (shared: GroupBudget, line = video): TrackReceiver =>
  new TrackReceiver(
    line,
    1,
    () => asked++,
    { arrived: () => undefined },
    {
      budget: shared,
      owner: "ann",
    },
  );

/** Frames that arrive 40 ms apart, number `n` at `n * 40`; ticks in between. */
function send(from: number, to: number, keys: readonly number[] = []): void {
  for (let sequence = from; sequence <= to; sequence++) {
    receiver.receive(vp8(sequence, keys.includes(sequence)), sequence * 40);
    receiver.tick(sequence * 40 + 20);
  }
}
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("who begins to record in the middle of a group", () => {
  test("has it whole, with its true times, when no keyframe comes in time", () => {
    send(1, 100, [10]);
    receiver.tap(sink, 4010);
    send(101, 112);
    expect(sink.frames).toEqual([]);
    send(113, 120);
    expect(sink.sequences).toEqual(range(10, 120));
    expect(sink.frames[0]).toMatchObject({ key: true, arrivedAt: 400, timestamp: 30_000 });
    expect(sink.frames.map(({ arrivedAt }) => arrivedAt)).toEqual(
      range(10, 120).map((sequence) => sequence * 40),
    );
  });

  test("has nothing of before when the sender makes one when asked", () => {
    send(1, 100, [10]);
    receiver.tap(sink, 4010);
    expect(asked).toBe(1);
    send(101, 120, [112]);
    expect(sink.sequences).toEqual(range(112, 120));
  });

  test("waits a little longer for one that is arriving", () => {
    send(1, 100, [10]);
    receiver.tap(sink, 4010);
    send(101, 111);
    const packet = vp8(112, true);
    packet[1] = 96;
    receiver.receive(packet, 4480);
    receiver.tick(4600);
    expect(sink.frames).toEqual([]);
    receiver.receive(vp8(113, false), 4610);
    expect(sink.frames[0]).toMatchObject({ key: true, rtp: 112 * 3000 });
  });

  test("has only what is there when recording ends at once", () => {
    send(1, 20, [10]);
    receiver.tap(sink, 810);
    send(21, 23);
    receiver.untap();
    expect(sink.sequences).toEqual(range(10, 23));
    send(24, 30);
    expect(sink.frames).toHaveLength(14);
  });

  test("has it again after a pause, and nothing twice", () => {
    send(1, 20, [10]);
    receiver.tap(sink, 810);
    send(21, 60);
    receiver.untap();
    send(61, 80);
    const resumed = new Sink();
    receiver.tap(resumed, 3210);
    send(81, 100, [98]);
    expect(sink.sequences).toEqual(range(10, 60));
    expect(resumed.sequences).toEqual(range(10, 100));
  });

  test("is asked for no further keyframe while the pictures go on", () => {
    send(1, 100, [10]);
    receiver.tap(sink, 4010);
    send(101, 113);
    const askedUntilThen = asked;
    send(114, 300);
    expect(asked).toBe(askedUntilThen);
  });

  test("waits for a keyframe as before when the disk refuses", () => {
    send(1, 100, [10]);
    sink.refuseFrom = 30;
    receiver.tap(sink, 4010);
    send(101, 120);
    sink.refuseFrom = Number.POSITIVE_INFINITY;
    send(121, 150, [140]);
    expect(sink.sequences).toEqual([...range(10, 39), ...range(140, 150)]);
  });

  test("sees nothing of a sender that fell silent before", () => {
    send(1, 50, [10]);
    receiver.tap(sink, 9000);
    for (let now = 9000; now < 15_000; now += 50) receiver.tick(now);
    expect(sink.frames).toEqual([]);
    receiver.untap();
    expect(sink.frames).toEqual([]);
    receiver.tap(sink, 15_000);
    receiver.receive(vp8(51, false), 16_000);
    expect(sink.sequences).toEqual(range(10, 51));
  });
});

describe("who begins to record waits for a keyframe", () => {
  const begin = (): void => {
    receiver.tap(sink, 4010);
    send(101, 130, [125]);
    expect(sink.sequences).toEqual(range(125, 130));
  };

  test("when there was none", () => {
    send(1, 100);
    begin();
  });

  test("when a packet since the last one is lost for good", () => {
    send(1, 50, [10]);
    send(52, 100);
    begin();
    expect(receiver.counters).toMatchObject({ lost: 0, droppedFrames: 0 });
  });

  test("when a packet is lost for good meanwhile", () => {
    receiver = receiverOf(budget, { ...video, retransmits: false });
    send(1, 100, [10]);
    receiver.tap(sink, 4010);
    send(101, 105);
    send(107, 130, [125]);
    expect(sink.sequences).toEqual(range(125, 130));
    expect(receiver.counters.lost).toBe(1);
  });

  test("when others hold more", () => {
    budget = new GroupBudget(20_000);
    receiver = receiverOf(budget);
    send(1, 100, [10]);
    expect(budget.bytes).toBeLessThanOrEqual(20_000);
    begin();
  });

  test("when the last one is too long ago", () => {
    receiver.receive(vp8(1, true), -31_000);
    send(2, 100);
    begin();
  });

  test("of a new source", () => {
    send(1, 50, [10]);
    for (let sequence = 90; sequence <= 100; sequence++)
      receiver.receive(vp8(sequence, false, { ssrc: 6 }), sequence * 40);
    receiver.tap(sink, 4010);
    for (let sequence = 101; sequence <= 120; sequence++)
      receiver.receive(vp8(sequence, sequence === 118, { ssrc: 6 }), sequence * 40);
    expect(sink.sequences).toEqual(range(118, 120));
  });
});

test("what is lost while nobody records is nobody's loss", () => {
  send(1, 20, [10]);
  send(22, 100);
  receiver.tap(sink, 4010);
  send(102, 130, [110]);
  expect(receiver.counters).toMatchObject({ lost: 1 });
  receiver.untap();
  send(132, 140);
  expect(receiver.counters).toMatchObject({ lost: 1 });
});

test("passing packets on leaves what is kept untouched", () => {
  receiver.addForwarder(
    {
      needsKeyframe: false,
      packet: ({ buffer }) => buffer.fill(0xee, 0, 12),
      senderReport: () => undefined,
      restart: () => undefined,
    },
    0,
  );
  send(1, 100, [10]);
  receiver.tap(sink, 4010);
  send(101, 120);
  expect(sink.sequences).toEqual(range(10, 120));
  expect(sink.frames[5]?.data).toEqual(vp8(15, false).subarray(13));
});

test("a closed track keeps nothing", () => {
  send(1, 100, [10]);
  receiver.receive(senderReport(5), 4000);
  expect(budget.bytes).toBeGreaterThan(0);
  receiver.close();
  expect(budget.bytes).toBe(0);
});

test.each(["VP8", "H264"] as const)(
  "whatever arrives of %s, in whatever order: whoever taps begins with a keyframe",
  (codec) => {
    const starts = [
      ...[
        [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 2, 0x68, 1],
        [0x30, 0x11, 1],
        [0x90, 0x80, 5],
      ],
      ...[
        [0x67, 0x42, 0xc0, 0x1e, 0xf2, 0x0a, 0x02],
        [0x68, 0xcb],
        [0x65, 0x88, 0x84],
        [0x41, 0x9a],
      ],
      ...[
        [0x7c, 0x85, 0x88, 0x84],
        [0x7c, 0x45],
        [0x78, 0, 2, 0x67],
      ],
    ];
    const action = fc.record({
      what: fc.constantFrom("packet", "packet", "packet", "packet", "tap", "untap", "tick"),
      start: fc.constantFrom(...starts),
      rest: fc.uint8Array({ maxLength: 12 }),
      marker: fc.boolean(),
      step: fc.integer({ min: -3, max: 5 }),
      ms: fc.integer({ min: 0, max: 300 }),
      ssrc: fc.constantFrom(5, 5, 5, 6),
    });
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 80, size: "max" }),
        fc.boolean(),
        (actions, retransmits) => {
          const shared = new GroupBudget(5000);
          const line = { ...video, codec, retransmits };
          const one = new TrackReceiver(
            line,
            1,
            () => undefined,
            { arrived: () => undefined },
            { budget: shared, owner: "ann" },
          );
          const sinks: Sink[] = [];
          let [now, sequence, most] = [0, 100, 0];
          for (const { what, start, rest, marker, step, ms, ssrc } of actions) {
            now += ms;
            sequence += step;
            if (what === "tap") {
              sinks.push(new Sink());
              one.tap(sinks.at(-1) ?? sink, now);
            } else if (what === "untap") one.untap();
            else if (what === "tick") one.tick(now);
            else {
              const head = vp8(sequence & 0xffff, false, { ssrc }).subarray(0, 12);
              head[1] = marker ? 0x80 | 96 : 96;
              one.receive(Buffer.concat([head, Buffer.from(start), rest]), now);
            }
            most = Math.max(most, shared.bytes);
          }
          one.close();
          expect(most).toBeLessThanOrEqual(5000);
          expect(shared.bytes).toBe(0);
          const firsts = sinks.flatMap(({ frames: [first] }) => (first ? [first.key] : []));
          expect(firsts.every((key) => key)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  },
);
