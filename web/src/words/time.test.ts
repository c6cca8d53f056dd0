import { expect, it } from "vitest";
import { clockWords, durationWords, etaWords, momentWords, sizeWords } from "./time.ts";

const at = (day: number, hours: number) => new Date(2026, 10, day, hours, 5).getTime();
const now = at(25, 23);

it.each([
  [at(25, 9), "today, 09:05"],
  [at(26, 0), "tomorrow, 00:05"],
  [at(24, 1), "yesterday, 01:05"],
  [at(28, 9), "Sat 28 Nov, 09:05"],
  [new Date(2027, 0, 4, 9, 5).getTime(), "Mon 4 Jan 2027, 09:05"],
])("a moment is said by the day it is on", (ms, words) => {
  expect(momentWords(ms, now, "en-GB").replace("Mon, ", "Mon ").replace("Sat, ", "Sat ")).toBe(
    words,
  );
});

it.each([
  [0, "0 s"],
  [45_900, "45 s"],
  [60_000, "1 min"],
  [3_590_000, "1 h"],
  [3_900_000, "1 h 5 min"],
])("%d ms last %s", (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});

it.each([
  [0, "0:00"],
  [61_900, "1:01"],
  [3_723_000, "1:02:03"],
  [-5, "0:00"],
])("%d ms are %s in a player", (ms, words) => {
  expect(clockWords(ms)).toBe(words);
});

it.each([
  [3000, "a few seconds left"],
  [21_000, "about 30 seconds left"],
  [61_000, "about 2 minutes left"],
  [60_000, "about 1 minute left"],
])("%d ms are %s", (ms, words) => {
  expect(etaWords(ms)).toBe(words);
});

it.each([
  [10, "1 kB"],
  [265_000, "265 kB"],
  [12_400_000, "12 MB"],
  [3_210_000_000, "3.2 GB"],
])("%d bytes are %s", (bytes, words) => {
  expect(sizeWords(bytes)).toBe(words);
});
