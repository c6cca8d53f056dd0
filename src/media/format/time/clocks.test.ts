import { describe, expect, it } from "vitest";
import { trackClock } from "../timeline/trackClock.ts";
import { MediaClock } from "./mediaClock.ts";
import { SenderClock } from "./senderClock.ts";
import { TrackTimes } from "./trackTimes.ts";

const hourMs = 3_600_000;

/** The same delays in every run: mostly small, now and then half a second. */
function delayAt(index: number): number {
  const noise = Math.abs(Math.sin(index * 12.9898) * 43_758.5453) % 1;
  return 20 + (index % 17 === 0 ? 480 : 30) * noise;
}

describe("SenderClock", () => {
  it("takes the least delayed report of the beginning", () => {
    const clock = new SenderClock();
    [80, 25, 300, 40].forEach((delay, index) => {
      clock.add(index * 1000 - 7777, index * 1000 + delay);
    });
    expect(clock.offsetAt(80)).toBe(7777 + 25);
    expect(Math.abs(clock.offsetAt(4000) - (7777 + 25))).toBeLessThan(1);
  });

  it.each([0, 50, -50, 200, -200])("follows a drift of %d ppm over an hour within 10 ms", (ppm) => {
    const clock = new SenderClock();
    const theirs = (ours: number) => 5_000_000 + ours * (1 + ppm / 1e6);
    for (let ours = 0, index = 0; ours < hourMs; ours += 1000, index++)
      clock.add(theirs(ours), ours + delayAt(index));
    const errors = [0, 0.25, 0.5, 0.75, 0.999].map((share) => {
      const ours = share * hourMs;
      return theirs(ours) + clock.offsetAt(ours) - ours - 20;
    });
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(10);
  });

  it("is moved little by a congested minute, and not for long", () => {
    const clock = new SenderClock();
    for (let ours = 0; ours < 300_000; ours += 1000)
      clock.add(ours, ours + (ours >= 60_000 && ours < 120_000 ? 400 : 20));
    expect(clock.offsetAt(116_000)).toBeLessThan(20 + 15);
    expect(clock.offsetAt(130_000)).toBeCloseTo(20, 0);
  });

  it("never says otherwise of a time once three more seconds have told", () => {
    const whole = new SenderClock();
    const growing = new SenderClock();
    const early: number[] = [];
    for (let ours = 0, index = 0; ours < 600_000; ours += 1000, index++) {
      growing.add(ours, ours + delayAt(index));
      whole.add(ours, ours + delayAt(index));
      if (ours >= 4000) early.push(growing.offsetAt(ours - 4000));
    }
    early.forEach((offset, index) => {
      expect(whole.offsetAt(index * 1000)).toBe(offset);
    });
  });
});

describe("TrackTimes", () => {
  const reportsOf = ({ pieces }: TrackTimes) => pieces.flatMap(({ reports }) => reports);

  it("unwraps timestamps across 32 bits and back, also after hours without a report", () => {
    const times = new TrackTimes(90_000);
    times.first(2 ** 32 - 90_000, 10_000);
    times.report(90_000, 12_000, 12_000);
    times.report(90_000 + 5 * 90_000, 17_000, 17_000);
    times.report(Math.round(90_000 * 100_001) % 2 ** 32, 100_012_000, 100_012_000);
    expect(reportsOf(times).map(({ mediaMs }) => mediaMs)).toEqual([2000, 7000, 100_002_000]);
  });

  it("keeps ever fewer points, and those for good", () => {
    const times = new TrackTimes(90_000);
    times.first(0, 0);
    let atNoon = reportsOf(times);
    for (let second = 0; second < 86_400; second++) {
      times.report((second * 90_000) % 2 ** 32, second * 1000, second * 1000);
      if (second === 43_200) atNoon = reportsOf(times);
    }
    const points = reportsOf(times);
    expect(points.length).toBeLessThan(10_000);
    expect(points.slice(0, atNoon.length)).toEqual(atNoon);
    expect(points.at(-1)?.mediaMs).toBeGreaterThan(86_000_000);
    for (const { mediaMs, ntp } of points) expect(mediaMs).toBe(ntp);
  });

  it("ignores reports that go back", () => {
    const times = new TrackTimes(90_000);
    times.first(0, 4000);
    times.report(90_000, 5000, 5000);
    times.report(45_000, 8000, 8000);
    times.report(900_000, 2000, 9000);
    expect(reportsOf(times)).toHaveLength(1);
  });
});

describe("MediaClock", () => {
  it("runs straight between points and at real-time speed outside", () => {
    const clock = new MediaClock([
      { mediaMs: 1000, atMs: 1100 },
      { mediaMs: 2000, atMs: 2200 },
    ]);
    expect([0, 1000, 1500, 2000, 3000].map((ms) => clock.at(ms))).toEqual([
      ...[100, 1100, 1650, 2200, 3200],
    ]);
  });

  const piece = { fromMs: 0, previousEndMs: 0, atMs: 0 };

  it("drops points at which time would stand still or go back", () => {
    const points = [
      { mediaMs: 0, atMs: 100 },
      { mediaMs: 2000, atMs: 90 },
      { mediaMs: 4000, atMs: 4100 },
    ];
    expect(MediaClock.from([{ ...piece, points }]).at(2000)).toBe(2100);
  });

  it("lets a point change only what was shortly before it", () => {
    const early = [
      { mediaMs: 1000, atMs: 1050 },
      { mediaMs: 6000, atMs: 6050 },
    ];
    const clockOf = (points: { mediaMs: number; atMs: number }[]) =>
      MediaClock.from([{ ...piece, points }]);
    const before = clockOf(early);
    const after = clockOf([...early, { mediaMs: 20_000, atMs: 20_090 }]);
    for (const ms of [0, 1000, 9000, 17_999]) expect(after.at(ms)).toBe(before.at(ms));
    expect(after.at(19_000)).toBe(19_070);
    expect(clockOf([{ mediaMs: 30_000, atMs: 29_900 }]).at(27_000)).toBe(27_000);
  });

  it("steps from piece to piece, and never back", () => {
    const clock = MediaClock.from([
      { ...piece, points: [{ mediaMs: 500, atMs: 520 }] },
      { fromMs: 9000, previousEndMs: 1000, atMs: 9000, points: [{ mediaMs: 10_000, atMs: 9900 }] },
      { fromMs: 12_000, previousEndMs: 11_000, atMs: 10_000, points: [] },
    ]);
    expect(clock.at(1000)).toBe(1020);
    expect(clock.at(9000)).toBe(8900);
    expect(clock.at(11_000)).toBe(10_900);
    expect(clock.at(12_000)).toBeCloseTo(10_900, 1);
    expect(clock.at(12_500)).toBeCloseTo(11_400, 1);
    expect(clock.mediaAt(5000)).toBeGreaterThan(1000);
    expect(clock.mediaAt(5000)).toBeLessThan(9000);
  });
});

describe("a track's clock", () => {
  interface Sender {
    /** What a report says of the sender's clock and of the media, off by; ms. */
    ntpOff?: (ms: number) => number;
    rtpOff?: (ms: number) => number;
    reportEveryMs?: number;
    ppm?: number;
    encoderMs?: number;
  }

  /** A sender for a minute: packets arrive 40 ms after they were captured, or later; 48 kHz. */
  function timesOf(sender: Sender): TrackTimes {
    const { ntpOff = () => 0, rtpOff = () => 0, reportEveryMs = 5000 } = sender;
    const { ppm = 0, encoderMs = 0 } = sender;
    const times = new TrackTimes(48_000);
    const media = (ms: number) => ms * (1 + ppm / 1e6);
    times.first(1000, 40 + encoderMs);
    for (let ms = 500; ms < 60_000; ms += 500) {
      if (ms % 2000 === 0) times.arrival(media(ms), ms + 40 + encoderMs + (ms % 7));
      if (ms % reportEveryMs === 0) {
        const rtp = (1000 + Math.round((media(ms) + rtpOff(ms)) * 48)) % 2 ** 32;
        times.report(rtp, 7_000_000 + ms + ntpOff(ms), ms + 40 + (ms % 30));
      }
    }
    return times;
  }

  const clockOf = (times: TrackTimes) =>
    trackClock(times, 0, {
      onTimeline: (ms) => ms,
      offsetAt: (ms) => times.senderClock.offsetAt(ms),
    });

  const worstOf = (sender: Sender) => {
    const clock = clockOf(timesOf(sender));
    const errors = Array.from({ length: 590 }, (_, index) => {
      const ms = index * 100;
      return Math.abs(clock.at(ms * (1 + (sender.ppm ?? 0) / 1e6)) - 40 - ms);
    });
    return Math.max(...errors);
  };

  it.each([
    ["by true reports", {}],
    ["by arrival, without reports", { reportEveryMs: 1e9 }],
    ["with a clock 1000 ppm fast, without reports", { reportEveryMs: 1e9, ppm: 1000 }],
    ["with a clock 1000 ppm slow, without reports", { reportEveryMs: 1e9, ppm: -1000 }],
    ["with a clock 1000 ppm slow", { ppm: -1000 }],
    ["behind an encoder that takes 400 ms, by reports", { encoderMs: 400 }],
    ["with reports 2 s off in media time", { rtpOff: () => 2000 }],
    ["with reports 4 s behind in media time", { rtpOff: () => -4000 }],
    [
      "with reports that are wrong from the middle on",
      { rtpOff: (ms: number) => (ms > 30_000 ? 1500 : 0) },
    ],
    ["with one absurd report", { ntpOff: (ms: number) => (ms === 20_000 ? -9000 : 0) }],
    ["with one absurd report ahead", { ntpOff: (ms: number) => (ms === 20_000 ? 9000 : 0) }],
    ["with an absurd first report", { ntpOff: (ms: number) => (ms === 5000 ? 5000 : 0) }],
    ["whose clock is set back", { ntpOff: (ms: number) => (ms > 30_000 ? -60_000 : 0) }],
    ["whose clock is set ahead", { ntpOff: (ms: number) => (ms > 30_000 ? 60_000 : 0) }],
  ] satisfies [string, Sender][])("places a sender %s", (_, sender) => {
    expect(worstOf(sender)).toBeLessThan(45);
  });

  it("believes reports that take a piece back to where a network had held it up", () => {
    const times = timesOf({});
    times.piece(64_000, 59_980, 64_040);
    times.arrival(66_000, 66_040);
    // What was taken for a pause of 4 s was none: the media is 4 s older.
    times.report((1000 + 66_000 * 48) % 2 ** 32, 7_000_000 + 62_000, 66_050);
    const clock = clockOf(times);
    expect(clock.at(59_900)).toBeCloseTo(59_940, -1);
    expect(clock.at(65_000)).toBeCloseTo(61_040, -1.5);
  });
});
