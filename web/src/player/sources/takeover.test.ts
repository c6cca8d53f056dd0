import { beforeEach, expect, it } from "vitest";
import { FakeMedia } from "./fakeMedia.ts";
import { FileSource } from "./fileSource.ts";
import type { Source } from "./source.ts";
import { Takeover } from "./takeover.ts";

let media: FakeMedia;
let takeover: Takeover;
beforeEach(() => {
  media = new FakeMedia();
  media.readyState = 0;
  takeover = new Takeover(new FileSource("/file.mp4", media.element));
});

const tracks = (positionMs: number, advancing: boolean) =>
  ({ positionMs, advancing, ready: true }) as Source;

it("waits for the file to load, then goes on at the very place", () => {
  expect(takeover.tick(tracks(4000, false), 1)).toBeUndefined();
  media.readyState = 4;
  expect(takeover.tick(tracks(4000, false), 1)?.positionMs).toBe(4000);
});

it("is ahead of what plays, and takes over when that comes by", () => {
  media.readyState = 4;
  takeover.tick(tracks(4000, true), 1);
  expect(media.currentTime).toBeCloseTo(4.6);
  expect(takeover.tick(tracks(4300, true), 1)).toBeUndefined();
  expect(takeover.tick(tracks(4590, true), 1)?.positionMs).toBeCloseTo(4600);
});

it("is placed again when it was passed by, or the position has jumped", () => {
  media.readyState = 4;
  takeover.tick(tracks(4000, true), 1);
  takeover.tick(tracks(5000, true), 1);
  takeover.tick(tracks(5050, true), 1);
  expect(media.currentTime).toBeCloseTo(5.65);
  takeover.restart();
  takeover.tick(tracks(20_000, false), 1);
  expect(takeover.tick(tracks(20_000, false), 1)?.positionMs).toBe(20_000);
});
