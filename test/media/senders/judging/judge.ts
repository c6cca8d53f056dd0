import { beepLengthMs } from "../content.ts";
import type { HeardBeep } from "./ear.ts";
import { type Expected, type ExpectedBeep, type ExpectedPicture, edgeMs } from "./expected.ts";
import type { Told } from "./told.ts";
import type { View } from "./views.ts";

/** One way in which what is there differs from what has to be. */
export interface Finding {
  view: View["name"] | "recording";
  kind: string;
  /** In how many places. */
  count: number;
  /** Of how many that were looked at. */
  of: number;
  /** The first place, in words. */
  first: string;
  /** Where that is, ms of recorded time. */
  atMs?: number;
}

const lengthToleranceMs = 100;
const togetherMs = 80;
/** Pictures of the composed file are this far apart, and those between two are the earlier one. */
const fileStepMs = 1000 / 30;
const round = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** Compares one view with what has to be in it. Pure. */
export function judge(expected: Expected, view: View): Finding[] {
  const findings = [
    ...judgeSound(expected, view),
    ...judgePictures(expected, view),
    ...judgeWhole(expected, view),
  ];
  return findings.flatMap((finding) => (finding ? [{ view: view.name, ...finding }] : []));
}

type Unplaced = Omit<Finding, "view"> | undefined;

/** One finding for all places of a kind. */
function finding<T>(
  kind: string,
  { places, of }: { places: readonly T[]; of: number },
  words: (one: T) => string,
  at: (one: T) => number | undefined = () => undefined,
): Unplaced {
  const [first] = places;
  if (first === undefined) return undefined;
  const atMs = at(first);
  const where = atMs === undefined ? {} : { atMs };
  return { kind, count: places.length, of, first: words(first), ...where };
}

/** What could not be recorded has to be told of. Pure. */
export function judgeTold({ unusable, pictures }: Expected, told: readonly Told[]): Finding[] {
  const isTold = ({ kind, fromMs, toMs }: Expected["unusable"][number]) =>
    told.some((one) => one.kind === kind && one.fromMs < toMs && one.toMs > fromMs);
  const silent = unusable.filter((one) => !isTold(one));
  const found = finding(
    "not told of",
    { places: silent, of: pictures.length },
    ({ kind, fromMs, toMs }) => `${kind} from ${round(fromMs)} to ${round(toMs)} cannot be decoded`,
    ({ fromMs }) => fromMs,
  );
  const late = finding(
    "key frame late",
    { places: unusable.filter(({ tooLong }) => tooLong), of: pictures.length },
    ({ fromMs, toMs }) => `no picture from ${round(fromMs)} to ${round(toMs)}`,
    ({ fromMs }) => fromMs,
  );
  return [found, late].flatMap((one) => (one ? [{ view: "recording", ...one }] : []));
}

function judgeSound({ beeps, toleranceMs }: Expected, view: View): Unplaced[] {
  const required = beeps.filter((one) => one.required);
  const of = required.length;
  const here = ({ beep }: ExpectedBeep) => view.beeps.filter((heard) => heard.beep === beep);
  const isAt = ({ atMs }: ExpectedBeep, { fromMs, toMs }: HeardBeep) =>
    fromMs >= atMs - toleranceMs && toMs <= atMs + beepLengthMs + toleranceMs;
  const lengthOf = ({ fromMs, toMs }: HeardBeep) => toMs - fromMs;
  const missing = required.filter((one) => here(one).length === 0);
  const chopped = required.filter((one) => {
    if (!one.whole) return false;
    const found = here(one);
    return found.length > 0 && Math.max(...found.map(lengthOf)) < beepLengthMs / 2;
  });
  const elsewhere = beeps.flatMap((one) =>
    one.possible ? here(one).flatMap((heard) => (isAt(one, heard) ? [] : [{ one, heard }])) : [],
  );
  const never = beeps.flatMap((one) => (one.possible ? [] : here(one)));
  // A decoder that missed something may sound odd where there is sound.
  const odd = beeps.filter(({ possible, whole }) => possible && !whole);
  const noises = view.noises.filter(
    (one) => !odd.some((beep) => isAt(beep, { beep: beep.beep, ...one })),
  );
  const atOne = ({ one }: { one: ExpectedBeep }) => one.atMs;
  return [
    finding(
      "beep missing",
      { places: missing, of },
      ({ beep, atMs }) => `beep ${beep}, expected at ${round(atMs)}`,
      ({ atMs }) => atMs,
    ),
    finding(
      "beep chopped",
      { places: chopped, of },
      (one) => {
        const pieces = here(one).map((heard) => `${round(heard.fromMs)} for ${lengthOf(heard)} ms`);
        return `beep ${one.beep}, expected at ${round(one.atMs)}, in pieces: ${pieces.join(", ")}`;
      },
      ({ atMs }) => atMs,
    ),
    finding(
      "beep elsewhere",
      { places: elsewhere, of },
      ({ one, heard }) =>
        `beep ${one.beep}, expected at ${round(one.atMs)}, sounds at ${round(heard.fromMs)}`,
      atOne,
    ),
    finding(
      "sound nobody sent",
      { places: never, of },
      ({ beep, fromMs }) => `beep ${beep} at ${round(fromMs)}`,
      ({ fromMs }) => fromMs,
    ),
    finding(
      "noise",
      { places: noises, of },
      ({ fromMs, toMs }) => `${round(fromMs)} to ${round(toMs)}`,
      ({ fromMs }) => fromMs,
    ),
  ];
}

function judgePictures(expected: Expected, view: View): Unplaced[] {
  const { pictures, toleranceMs } = expected;
  const required = pictures.filter((one) => one.required);
  const of = required.length;
  const slackMs = toleranceMs + (view.name === "file" ? fileStepMs : 0);
  const times = timesByCounter(view);
  const isThere = ({ counter, atMs }: ExpectedPicture) =>
    (times.get(counter) ?? []).some((ms) => Math.abs(ms - atMs) <= slackMs);
  const absent = required.filter((one) => !isThere(one));
  const missing = absent.filter(({ counter }) => !times.has(counter));
  const late = absent.filter(({ counter }) => times.has(counter));
  const stale = view.name === "file" ? staleOf(expected, times, slackMs) : [];
  return [
    finding(
      "picture missing",
      { places: missing, of },
      ({ counter, atMs }) =>
        `picture ${counter}, expected at ${round(atMs)}; there is ${shownAt(view, atMs)}`,
      ({ atMs }) => atMs,
    ),
    finding(
      "picture elsewhere",
      { places: late, of },
      ({ counter, atMs }) => {
        const [at = Number.NaN] = times.get(counter) ?? [];
        return `picture ${counter}, expected at ${round(atMs)}, is shown at ${round(at)}`;
      },
      ({ atMs }) => atMs,
    ),
    finding(
      "picture stays",
      { places: stale, of },
      ({ counter, ms }) => `picture ${counter} at ${round(ms)}`,
      ({ ms }) => ms,
    ),
    finding(
      "still picture gone",
      { places: goneOf(expected, required, view, slackMs), of },
      ({ counter, ms }) =>
        `picture ${counter} is not shown at ${round(ms)}; there is ${shownAt(view, ms)}`,
      ({ ms }) => ms,
    ),
  ];
}

function timesByCounter({ pictures }: View): Map<number, number[]> {
  const times = new Map<number, number[]>();
  for (const { ms, counter } of pictures) {
    if (counter === undefined) continue;
    const known = times.get(counter);
    if (known) known.push(ms);
    else times.set(counter, [ms]);
  }
  return times;
}

/** Pictures that are shown when another one should have taken their place. */
function staleOf(
  { pictures, beginnings }: Expected,
  times: Map<number, number[]>,
  slackMs: number,
): { counter: number; ms: number }[] {
  return pictures.flatMap(({ counter, atMs, untilMs }) =>
    (times.get(counter) ?? [])
      .filter((ms) => ms < atMs - slackMs || ms > untilMs + slackMs)
      .filter(
        (ms) =>
          !beginnings.some((one) => ms >= one.fromMs - slackMs && ms < atMs && atMs < one.toMs),
      )
      .map((ms) => ({ counter, ms })),
  );
}

/** Times at which a still picture is not shown although nothing has taken its place; only in the file. */
function goneOf(
  { beginnings, durationMs }: Expected,
  required: readonly ExpectedPicture[],
  { name, pictures }: View,
  slackMs: number,
): { counter: number; ms: number }[] {
  if (name !== "file") return [];
  return required
    .filter(({ held }) => held)
    .flatMap(({ counter, atMs, heldUntilMs }) =>
      pictures
        .filter(
          ({ ms }) =>
            ms > atMs + slackMs && ms < Math.min(heldUntilMs, durationMs - edgeMs) - slackMs,
        )
        .filter((shown) => shown.counter !== counter)
        .filter(({ ms }) => !beginnings.some((one) => ms >= one.fromMs - slackMs && ms < one.toMs))
        .map(({ ms }) => ({ counter, ms })),
    );
}

function shownAt({ pictures }: View, atMs: number): string {
  const shown = pictures.filter(({ ms }) => ms <= atMs).at(-1);
  if (!shown) return "nothing";
  const what = shown.counter === undefined ? "something else" : `picture ${shown.counter}`;
  return `${what} since ${round(shown.ms)}`;
}

function judgeWhole(expected: Expected, view: View): Unplaced[] {
  const { durationMs } = view;
  const length =
    durationMs !== undefined && Math.abs(durationMs - expected.durationMs) > lengthToleranceMs
      ? [durationMs]
      : [];
  const apart = apartMs(expected, view);
  return [
    finding(
      "length",
      { places: length, of: 1 },
      (ms) => `${round(ms)}, expected ${round(expected.durationMs)}`,
      () => Math.min(durationMs ?? 0, expected.durationMs),
    ),
    finding(
      "sound against picture",
      { places: Math.abs(apart) > togetherMs ? [apart] : [], of: 1 },
      (ms) => `pictures are ${Math.round(ms)} ms after their sound`,
    ),
    finding("unreadable", { places: view.broken, of: view.broken.length }, (why) => why),
  ];
}

/** How much later than sound pictures are, by their medians, ms; 0 where one of them is missing. */
function apartMs({ beeps, pictures }: Expected, view: View): number {
  const times = timesByCounter(view);
  const sounds = beeps.flatMap(({ beep, atMs, required }) => {
    const heard = view.beeps.find((one) => one.beep === beep);
    return required && heard ? [heard.fromMs - atMs] : [];
  });
  const shown = pictures.flatMap(({ counter, atMs, required }) => {
    const [ms] = times.get(counter) ?? [];
    return required && ms !== undefined ? [ms - atMs] : [];
  });
  const apart = median(shown) - median(sounds);
  return Number.isNaN(apart) ? 0 : apart;
}

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
