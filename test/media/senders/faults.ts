import type { Random } from "./random.ts";
import type { PauseScript, SenderScript, SessionScript, Span } from "./script.ts";

/** What is being made worse. */
export interface Draft {
  session: SessionScript;
  sender: SenderScript;
  random: Random;
}

/** Faults of which only one may befall a sender, because what has to be recorded would not be certain. */
export const exclusive: readonly (readonly string[])[] = [
  ["no reports", "sparse reports", "wrong reports"],
  ["loss", "loss without NACK"],
  ["stall", "recording paused", "everything paused"],
  ["everything paused", "no reports", "sparse reports"],
  ["camera off", "still pictures", "everything paused", "other sources"],
  ["mute without gap", "mute with gap", "everything paused", "other sources"],
];

type Kinds = ("audio" | "video")[];

/** Sound pauses for whole packets. */
const packets = (ms: number) => Math.round(ms / 20) * 20;
const sign = (random: Random) => (random.chance(0.5) ? 1 : -1);

/** A time in the middle of the recording, with `roomMs` left behind it. */
function middle({ session, random }: Draft, roomMs = 1500): number {
  const { fromMs, toMs } = session.recording;
  return packets(random.between(fromMs + 1500, Math.max(fromMs + 1600, toMs - roomMs)));
}

function span(draft: Draft, leastMs: number, mostMs: number): Span {
  const lengthMs = packets(draft.random.between(leastMs, mostMs));
  const fromMs = middle(draft, lengthMs + 1500);
  return { fromMs, toMs: fromMs + lengthMs };
}

function pause(draft: Draft, over: Partial<PauseScript>, mostMs = 9000): PauseScript {
  const { random } = draft;
  const habits = { timeGoesOn: true, reports: random.chance(0.7), bye: random.chance(0.2) };
  return { ...span(draft, 200, mostMs), ...habits, ...over };
}

/** Spans in their order, without those that begin before the one before has ended for a while. */
function apart<T extends Span>(spans: T[]): T[] {
  const kept: T[] = [];
  for (const one of spans.sort((a, b) => a.fromMs - b.fromMs))
    if (one.fromMs >= (kept.at(-1)?.toMs ?? 0) + 300) kept.push(one);
  return kept;
}

function several<T extends Span>({ random }: Draft, make: () => T): T[] {
  return apart(Array.from({ length: random.whole(1, 3) }, make));
}

const other = (random: Random) => ({
  ssrc: random.whole(1, 2 ** 32 - 1),
  sequence: random.whole(0, 65_535),
  timestamp: random.whole(0, 2 ** 32 - 1),
  ppm: 0,
});

/** Each makes a sender, or the recording, worse in one way. */
export const faults: Record<string, (draft: Draft) => void> = {
  "clock off": ({ sender, random }) => {
    sender.clock.offsetMs = sign(random) * 10 ** random.between(3, 11.5);
    sender.clock.ppm = random.between(-1000, 1000);
  },
  "RTP drifts": ({ sender, random }) => {
    sender.audio.numbers.ppm = random.between(-1000, 1000);
    sender.video.numbers.ppm = random.between(-1000, 1000);
  },
  "sparse reports": ({ sender, random }) => {
    const everyMs = random.between(500, 6000);
    sender.reports = { firstMs: random.between(100, 7000), everyMs, wrong: [] };
  },
  "no reports": ({ sender }) => {
    sender.reports = undefined;
  },
  "wrong reports": ({ sender, session, random }) => {
    const draft = { session, sender, random };
    const fromMs = random.chance(0.3) ? 0 : middle(draft);
    const toMs = random.chance(0.5) ? fromMs + 1100 : session.lengthMs;
    const absurd = toMs < session.lengthMs && random.chance(0.5);
    const byMs = sign(random) * (absurd ? 10 ** random.between(5, 11) : random.between(1500, 5000));
    const kinds = random.pick<Kinds>([["audio"], ["video"], ["audio", "video"]]);
    const of = random.pick<"clock" | "media">(["clock", "media"]);
    sender.reports?.wrong.push(...kinds.map((kind) => ({ kind, of, fromMs, toMs, byMs })));
  },
  "mute without gap": (draft) => {
    draft.sender.audio.pauses = several(draft, () => pause(draft, { timeGoesOn: false }));
  },
  "mute with gap": (draft) => {
    draft.sender.audio.pauses = several(draft, () => pause(draft, {}));
  },
  "camera off": (draft) => {
    draft.sender.video.pauses = several(draft, () => pause(draft, {}));
  },
  "everything paused": (draft) => {
    const { sender, random } = draft;
    // Who sends nothing at all for four seconds is gone.
    const one = pause(draft, { reports: true }, sender.reports ? 9000 : 3000);
    sender.video.pauses = [one];
    sender.audio.pauses = [{ ...one, timeGoesOn: random.chance(0.5) }];
    if (sender.reports) sender.reports.everyMs = Math.min(2500, sender.reports.everyMs);
  },
  jump: (draft) => {
    const { sender, random } = draft;
    const jumps = [{ atMs: middle(draft), byMs: sign(random) * random.between(3000, 30_000) }];
    const which = random.whole(0, 2);
    if (which !== 0) sender.audio.jumps = jumps;
    if (which !== 1) sender.video.jumps = jumps;
  },
  jitter: ({ sender, random }) => {
    sender.network.jitterMs = random.between(20, 80);
  },
  reordering: ({ sender, random }) => {
    sender.network.jitterMs = random.between(20, 80);
    sender.network.reorders = true;
  },
  duplicates: ({ sender, random }) => {
    sender.network.duplicates = random.between(0.01, 0.1);
  },
  stall: (draft) => {
    const stalls = Array.from({ length: draft.random.whole(1, 2) }, () => span(draft, 300, 3500));
    draft.sender.network.stalls = apart(stalls).slice(0, 1);
  },
  loss: ({ sender, random }) => {
    sender.network.loss = random.between(0.005, 0.05);
  },
  "loss without NACK": ({ sender, random }) => {
    sender.network.loss = random.between(0.005, 0.05);
    sender.audio.nack = sender.video.nack = false;
  },
  "requests ignored": ({ sender, random }) => {
    sender.video.answersAfterMs = undefined;
    sender.video.keyframeEveryMs = random.between(4000, 10_000);
  },
  "still pictures": (draft) => {
    const { fromMs } = span(draft, 0, 3000);
    const everyMs = draft.random.between(3000, 8000);
    draft.sender.video.stills = [{ fromMs, toMs: draft.session.lengthMs, everyMs }];
  },
  "other sources": (draft) => {
    const { sender, random } = draft;
    const fromMs = middle(draft);
    const toMs = fromMs + random.pick([0, 0, 100, 800]);
    const gap = { fromMs, toMs, timeGoesOn: true, reports: false, bye: random.chance(0.3) };
    for (const kind of random.pick<Kinds>([["audio"], ["video"], ["audio", "video"]])) {
      sender[kind].sources = [{ atMs: toMs, numbers: other(random) }];
      if (toMs > fromMs) sender[kind].pauses = [gap];
    }
  },
  "another size": (draft) => {
    draft.sender.video.sizes.push({ atMs: middle(draft), width: 256, height: 144 });
  },
  "marked parameter sets": (draft) => {
    draft.sender.video.codec = "H264";
    draft.sender.video.parameterSets = "marked";
    draft.sender.video.sizes = [
      { atMs: 0, width: 192, height: 108 },
      { atMs: middle(draft), width: 256, height: 144 },
    ];
  },
  "silence not sent": ({ sender }) => {
    sender.audio.dtx = true;
  },
  "recording paused": (draft) => {
    draft.session.recording.pauses = [span(draft, 500, 4000)];
  },
  "wall clock set": (draft) => {
    const byMs = Math.round(draft.random.between(-20_000, 60_000));
    draft.session.wallSteps = [{ atMs: middle(draft), byMs }];
  },
};
