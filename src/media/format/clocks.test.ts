import { describe, expect, it } from "vitest";
import { MediaClock } from "./mediaClock.ts";
import { RtpReports } from "./rtpClock.ts";
import { SenderClock } from "./senderClock.ts";

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

describe("RtpReports", () => {
  it("unwraps timestamps across 32 bits and back", () => {
    const reports = new RtpReports();
    reports.first(2 ** 32 - 90_000);
    reports.report(90_000, 12_000, 1);
    reports.report(90_000 + 5 * 90_000, 17_000, 2);
    expect(reports.points(90_000)).toEqual([
      { mediaMs: 2000, ntp: 12_000, arrivalMs: 1 },
      { mediaMs: 7000, ntp: 17_000, arrivalMs: 2 },
    ]);
  });

  it("knows reports that came before the first packet", () => {
    const reports = new RtpReports();
    reports.report(48_000, 1000, 7);
    reports.first(96_000);
    expect(reports.points(48_000)).toEqual([{ mediaMs: -1000, ntp: 1000, arrivalMs: 7 }]);
  });

  it("keeps ever fewer points, and those for good", () => {
    const reports = new RtpReports();
    reports.first(0);
    let atNoon = reports.points(90_000);
    for (let second = 0; second < 86_400; second++) {
      reports.report((second * 90_000) % 2 ** 32, second * 1000, second * 1000);
      if (second === 43_200) atNoon = reports.points(90_000);
    }
    const points = reports.points(90_000);
    expect(points.length).toBeLessThan(10_000);
    expect(points.slice(0, atNoon.length)).toEqual(atNoon);
    expect(points.at(-1)?.mediaMs).toBeGreaterThan(86_000_000);
    for (const { mediaMs, ntp } of points) expect(mediaMs).toBe(ntp);
  });

  it("ignores reports that go back", () => {
    const reports = new RtpReports();
    reports.first(0);
    reports.report(90_000, 5000, 5000);
    reports.report(45_000, 8000, 8000);
    reports.report(900_000, 2000, 9000);
    expect(reports.points(90_000)).toHaveLength(1);
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

  it("goes by arrival without reports, and when reports are absurd", () => {
    expect(MediaClock.from([], 400).at(50)).toBe(450);
    expect(MediaClock.from([{ mediaMs: 0, atMs: 90_000 }], 400).at(50)).toBe(450);
    expect(MediaClock.from([{ mediaMs: 0, atMs: 380 }], 400).at(50)).toBe(430);
  });

  it("drops points at which time would stand still or go back", () => {
    const points = [
      { mediaMs: 0, atMs: 100 },
      { mediaMs: 2000, atMs: 90 },
      { mediaMs: 4000, atMs: 4100 },
    ];
    expect(MediaClock.from(points, 100).at(2000)).toBe(2100);
  });

  it("lets a report change only what was shortly before it", () => {
    const early = [
      { mediaMs: 1000, atMs: 1050 },
      { mediaMs: 6000, atMs: 6050 },
    ];
    const before = MediaClock.from(early, 0);
    const after = MediaClock.from([...early, { mediaMs: 20_000, atMs: 20_090 }], 0);
    for (const ms of [0, 1000, 9000, 17_999]) expect(after.at(ms)).toBe(before.at(ms));
    expect(after.at(19_000)).toBe(19_070);
    expect(MediaClock.from([{ mediaMs: 30_000, atMs: 29_900 }], 0).at(27_000)).toBe(27_000);
  });
});
