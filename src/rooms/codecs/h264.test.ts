import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aggregate,
  fragments,
  ppsUnit,
  prefixed,
  sliceUnit,
  spsUnit,
} from "../../../test/support/h264Units.ts";
import { FrameAssembler, type TimedFrame } from "./frames.ts";
import { H264Depacketizer } from "./h264.ts";

/** Packets as [RTP time, payload, marker]; "lost" stands for one that never came. */
type Sent = [time: number, payload: Buffer, marker?: "end"] | "lost";

function received(sent: readonly Sent[], signalled?: Buffer[]) {
  const frames: TimedFrame[] = [];
  let damages = 0;
  const assembler = new FrameAssembler(new H264Depacketizer(signalled), true, {
    frame: (frame) => frames.push(frame),
    damaged: () => damages++,
  });
  for (const [sequence, one] of sent.entries()) {
    if (one === "lost") {
      assembler.gap(1);
      continue;
    }
    const [timestamp, payload, marker] = one;
    const numbers = { sequence, timestamp, payloadType: 96, ssrc: 1 };
    assembler.packet({ ...numbers, payload, marker: marker === "end" }, 0);
  }
  return { frames, assembler, damages, data: frames.map(({ data }) => data) };
}

const sps = spsUnit(0, 320, 176);
const wide = spsUnit(0, 640, 368);
const pps = ppsUnit(0, 0);
const idr = sliceUnit({ idr: true });
const slice = sliceUnit();
const [head = idr, rest = idr] = fragments(sps, 5);
/** Ways to send two parameter sets in front of the picture of time 9. */
const ways: [string, (one: Buffer, other: Buffer) => Sent[]][] = [
  [
    "with the marker bit",
    (one, other) => [
      [9, one, "end"],
      [9, other, "end"],
    ],
  ],
  [
    "with times of their own",
    (one, other) => [
      [7, one],
      [8, other],
    ],
  ],
  [
    "with both",
    (one, other) => [
      [7, one, "end"],
      [8, other, "end"],
    ],
  ],
  [
    "with the time of the picture before",
    (one, other) => [
      [2, one],
      [2, other],
    ],
  ],
  ["in an aggregate alone", (one, other) => [[9, aggregate(one, other), "end"]]],
  [
    "with the picture",
    (one, other) => [
      [9, one],
      [9, other],
    ],
  ],
  ["in an aggregate with the picture", (one, other) => [[9, aggregate(one, other)]]],
];

describe("parameter sets that changed are in front of the next frame when they came", () => {
  test.each(ways)("%s, a keyframe", (_, way) => {
    const { frames, data } = received([
      ...([
        [1, aggregate(sps, pps, idr), "end"],
        [2, slice, "end"],
      ] satisfies Sent[]),
      ...way(wide, pps),
      ...([
        [9, idr, "end"],
        [10, slice, "end"],
      ] satisfies Sent[]),
    ]);
    expect(data).toEqual([
      prefixed(sps, pps, idr),
      prefixed(slice),
      prefixed(wide, pps, idr),
      prefixed(slice),
    ]);
    expect(frames.map(({ width }) => width)).toEqual([320, undefined, 640, undefined]);
    expect(frames[2]?.codecPrivate?.includes(wide)).toBe(true);
  });

  test.each(ways)("%s, in the middle of a group", (_, way) => {
    const other = ppsUnit(1, 0);
    const using = sliceUnit({ pps: 1 });
    const { data } = received([
      ...([
        [1, aggregate(sps, pps, idr), "end"],
        [2, slice, "end"],
      ] satisfies Sent[]),
      ...way(ppsUnit(0, 0, 1), other),
      ...([
        [9, using, "end"],
        [10, using, "end"],
      ] satisfies Sent[]),
    ]);
    expect(data.slice(2)).toEqual([prefixed(ppsUnit(0, 0, 1), other, using), prefixed(using)]);
  });

  test("with those that refer to them, which a decoder may forget otherwise", () => {
    const { data } = received([
      [1, aggregate(sps, pps, idr), "end"],
      [2, wide, "end"],
      [3, slice, "end"],
      [4, slice, "end"],
    ]);
    expect(data.slice(1)).toEqual([prefixed(wide, pps, slice), prefixed(slice)]);
  });

  test("in fragments", () => {
    const { data } = received([
      [1, head],
      [1, rest, "end"],
      [2, aggregate(sps, pps), "end"],
      ...fragments(wide, 4).map((part): Sent => [3, part]),
      [5, idr, "end"],
    ]);
    expect(data).toEqual([prefixed(wide, pps, idr)]);
  });

  test("in a frame that is given up", () => {
    const rest = sliceUnit({ first: false });
    const { data } = received([
      [1, aggregate(sps, pps, idr), "end"],
      "lost",
      [2, rest],
      [2, wide],
      [2, aggregate(pps), "end"],
      [3, idr, "end"],
    ]);
    expect(data).toEqual([prefixed(sps, pps, idr), prefixed(wide, pps, idr)]);
  });

  test("behind the last slice of the frame before, which is left as it came", () => {
    const { data } = received([
      [1, aggregate(sps, pps, idr), "end"],
      [2, aggregate(slice, wide), "end"],
      [3, idr, "end"],
    ]);
    expect(data.slice(1)).toEqual([prefixed(slice, wide), prefixed(wide, pps, idr)]);
  });
});

describe("a keyframe has all the sets it needs", () => {
  test("when only one of them came again", () => {
    const changed = ppsUnit(0, 0, 1);
    const { data } = received([
      [1, aggregate(sps, pps, idr), "end"],
      [2, changed, "end"],
      [3, idr, "end"],
      [4, aggregate(wide, idr), "end"],
      [5, idr, "end"],
    ]);
    expect(data.slice(1)).toEqual([
      prefixed(sps, changed, idr),
      prefixed(wide, changed, idr),
      prefixed(wide, changed, idr),
    ]);
  });

  test("of the ids it refers to, and of pictures behind it", () => {
    const [other, second, third] = [spsUnit(3, 640, 368), ppsUnit(7, 3), ppsUnit(8, 3)];
    const { frames, data } = received([
      [1, aggregate(sps, pps, other, second, third), "end"],
      [2, idr, "end"],
      [3, sliceUnit({ idr: true, pps: 7 }), "end"],
    ]);
    expect(data).toEqual([
      prefixed(sps, other, pps, second, third, idr),
      prefixed(other, second, third, sliceUnit({ idr: true, pps: 7 })),
    ]);
    expect(frames.map(({ width }) => width)).toEqual([320, 640]);
    const record = frames[1]?.codecPrivate ?? Buffer.alloc(0);
    expect([other, second, third].map((set) => record.includes(set))).toEqual([true, true, true]);
    expect(record.includes(pps)).toBe(false);
    expect(record[8 + other.length]).toBe(2);
  });

  test("told in the offer, until others come", () => {
    const { data, frames } = received(
      [
        [1, idr, "end"],
        [2, slice, "end"],
        [3, wide, "end"],
        [4, idr, "end"],
      ],
      [sps, pps, Buffer.from([0x67]), Buffer.alloc(0)],
    );
    expect(data).toEqual([prefixed(sps, pps, idr), prefixed(slice), prefixed(wide, pps, idr)]);
    expect(frames[0]).toMatchObject({ width: 320, height: 176 });
  });

  test("or is none", () => {
    const wrong = sliceUnit({ idr: true, pps: 4 });
    const { data, damages } = received([
      [1, aggregate(sps, pps, wrong), "end"],
      [2, slice, "end"],
      [3, aggregate(ppsUnit(4, 9), wrong), "end"],
      [4, aggregate(ppsUnit(4, 0), wrong), "end"],
    ]);
    expect(damages).toBe(2);
    expect(data).toHaveLength(1);
  });
});

test.each([
  [
    "in front of their picture",
    [
      [1, aggregate(sps, pps, idr)],
      [1, idr, "end"],
    ],
  ],
  [
    "one by one",
    [
      [1, sps],
      [1, pps],
      [1, idr, "end"],
    ],
  ],
  [
    "twice",
    [
      [1, aggregate(sps, pps, sps, pps)],
      [1, idr, "end"],
    ],
  ],
  [
    "behind other units",
    [
      [1, Buffer.from([6, 1, 2, 3])],
      [1, aggregate(sps, pps)],
      [1, idr, "end"],
    ],
  ],
] satisfies [string, Sent[]][])("a stream with its sets %s comes out as it came", (_, sent) => {
  const nals = sent.flatMap(([, payload]) => unitsOf(payload));
  const again = sent.map(([time, payload, marker]): Sent => {
    return marker ? [time + 1, payload, marker] : [time + 1, payload];
  });
  expect(received([...sent, ...again]).data).toEqual([prefixed(...nals), prefixed(...nals)]);
});

function unitsOf(payload: Buffer): Buffer[] {
  if ((payload.readUInt8(0) & 31) !== 24) return [payload];
  const units: Buffer[] = [];
  for (let at = 1; at < payload.length; at += 2 + payload.readUInt16BE(at))
    units.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)));
  return units;
}

describe("when a set may have been lost", () => {
  const before: Sent[] = [
    [1, sps, "end"],
    [2, pps, "end"],
    [3, idr, "end"],
    [4, slice, "end"],
  ];

  test("the keyframe behind is not made with the one before it, but the next one is", () => {
    const { frames } = received([
      ...before,
      "lost",
      [6, pps, "end"],
      [7, idr, "end"],
      [8, slice, "end"],
      [9, wide, "end"],
      [10, pps, "end"],
      [11, idr, "end"],
    ]);
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([3, 4, 11]);
  });

  test("one that has all its sets is used at once", () => {
    const { frames } = received([...before, "lost", [6, aggregate(wide, pps, idr), "end"]]);
    expect(frames.at(-1)).toMatchObject({ timestamp: 6, width: 640 });
  });

  test("one of a sender that does not repeat its sets is used too", () => {
    const { frames } = received([...before, [5, idr, "end"], "lost", [7, idr, "end"]]);
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([3, 4, 5, 7]);
  });
});

test("sets are bounded in number and bytes, and none of a hostile size is taken", () => {
  const large = Buffer.concat([wide, Buffer.alloc(5000, 1)]);
  const many = Array.from({ length: 256 }, (_, id): Sent => {
    return [id + 2, Buffer.concat([ppsUnit(id, 1), Buffer.alloc(1000, 1)]), "end"];
  });
  const { data, frames } = received([
    ...many,
    [500, large, "end"],
    [501, aggregate(sps, pps), "end"],
    [502, idr, "end"],
    [503, idr, "end"],
  ]);
  expect(frames[0]).toMatchObject({ width: 320 });
  expect(data[0]?.length).toBeLessThan(10_000);
  expect(data[1]).toEqual(prefixed(sps, pps, idr));
});

test("whatever is lost, no keyframe is made of other sets than its own", () => {
  // Every group has a size of its own; its slices are filled with its number.
  const stream: Sent[] = Array.from({ length: 12 }, (_, group): Sent[] => {
    const time = group * 10;
    const fill = group + 1;
    return [
      [time, spsUnit(0, 320 + 16 * group, 176), "end"],
      [time + 1, ppsUnit(0, 0, group), "end"],
      ...fragments(sliceUnit({ idr: true, fill }), 10).map((part): Sent => [time + 2, part]),
      [time + 2, sliceUnit({ idr: true, first: false, fill }), "end"],
      [time + 3, sliceUnit({ fill }), "end"],
    ];
  }).flat();
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 2, max: stream.length - 1 }), { maxLength: 12 }),
      (lost) => {
        const { frames } = received(stream.map((one, i) => (lost.includes(i) ? "lost" : one)));
        const wrong = frames.filter(({ key, data, timestamp, width }) => {
          const group = Math.floor(timestamp / 10);
          if (data.at(-1) !== group + 1) return true;
          return key && (width !== 320 + 16 * group || !data.includes(ppsUnit(0, 0, group)));
        });
        expect(wrong).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});
