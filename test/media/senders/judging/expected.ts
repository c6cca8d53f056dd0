import { audioPacketMs } from "../../../../src/synth/media/mediaLoop.ts";
import { beepCount, beepEveryMs, beepLengthMs, pitchOfBeep } from "../content.ts";
import type { SenderScript, SessionScript, Span } from "../script.ts";
import type { Sender, SentPicture, SentSound } from "../sender.ts";
import type { SentPacket } from "../trackSource.ts";

/** What has to be in the recording, in ms of recorded time: when it was captured, plus what the network takes at least. */
export interface Expected {
  participant: number;
  /** How far from its place something may be found, ms. */
  toleranceMs: number;
  /** Reports do not say at every time when something was captured: only its arrival does. */
  byArrival: boolean;
  durationMs: number;
  /** Where the recording begins and goes on: the first picture from there may be shown at once. */
  beginnings: Span[];
  pictures: ExpectedPicture[];
  beeps: ExpectedBeep[];
  /** Stretches in which media arrived that nobody can decode: they have to be told of. */
  unusable: Unusable[];
}

export interface ExpectedPicture {
  counter: number;
  atMs: number;
  /** When the next one that has to be there takes its place; Infinity for the last one. */
  untilMs: number;
  /** When the next one may take its place; Infinity for the last one. */
  heldUntilMs: number;
  /** It has to be there; else it may. */
  required: boolean;
  /** It has to be seen until the next one comes, however long that takes. */
  held: boolean;
}

export interface ExpectedBeep {
  beep: number;
  hertz: number;
  atMs: number;
  required: boolean;
  /** It has to sound for as long as it was captured: the decoder had what comes before it, too. */
  whole: boolean;
  /** Some of it was sent. */
  possible: boolean;
}

export interface Unusable extends Span {
  kind: "audio" | "video";
  /** A sender that answers requests would have ended it long before. */
  tooLong: boolean;
}

const toleranceMs = 80;
/** A recording that begins, or goes on, may wait this long for a key frame. */
const firstPictureMs = 1000;
const firstSoundMs = 100;
/** What arrives this shortly before the end may be on its way still. */
export const edgeMs = 150;
/** What was lost and came later than this after its time, ms, was given up; where nothing is sent again a copy may still come. */
const givenUpMs = 900;
const copyMs = 80;
/** A decoder of sound that missed something comes back step by step: it is loud enough again after this, and itself; ms. */
const settlingMs = { loud: 300, whole: 100 } as const;
const worthTellingMs = 1000;

/** What one sender's part of a recording has to hold. Pure. */
export function expectedOf(script: SessionScript, sender: Sender): Expected {
  const sections = sectionsOf(script);
  const durationMs = sections.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const byArrival = !hasTrueClock(sender.script);
  return {
    ...{ participant: sender.script.participant, durationMs, byArrival },
    toleranceMs: toleranceMs + (byArrival ? sender.script.network.jitterMs : 0),
    beginnings: sections.map(({ recordedMs: fromMs }) => {
      return { fromMs, toMs: fromMs + firstPictureMs };
    }),
    pictures: expectedPictures(sender, sections),
    beeps: expectedBeeps(sender, sections),
    unusable: unusableOf(sender, sections),
  };
}

/** Whether reports say at every time when something was captured; else it is known by arrival, which jitters. */
function hasTrueClock({ reports, audio, video }: SenderScript): boolean {
  const breaks = [audio, video].some(
    ({ jumps, sources, pauses }) =>
      jumps.length + sources.length > 0 || pauses.some(({ timeGoesOn }) => !timeGoesOn),
  );
  return reports !== undefined && reports.wrong.length === 0 && reports.firstMs <= 3000 && !breaks;
}

interface Section extends Span {
  /** Recorded time of its beginning. */
  recordedMs: number;
}

function sectionsOf({ recording }: SessionScript): Section[] {
  const starts = [recording.fromMs, ...recording.pauses.map(({ toMs }) => toMs)];
  const ends = [...recording.pauses.map(({ fromMs }) => fromMs), recording.toMs];
  let recordedMs = 0;
  return starts.map((fromMs, index) => {
    const toMs = ends[index] ?? fromMs;
    recordedMs += toMs - fromMs;
    return { fromMs, toMs, recordedMs: recordedMs - (toMs - fromMs) };
  });
}

/** The section in which all of `fromMs..toMs` lies, with everything that had to arrive for it. */
function sectionOf(
  sections: readonly Section[],
  { fromMs, toMs }: Span,
  packets: readonly SentPacket[],
  firstMs: number,
): Section | undefined {
  return sections.find((section) => {
    const [least, most] = [section.fromMs + firstMs, section.toMs - edgeMs];
    const arrived = packets.every(({ arrivedMs = most }) => arrivedMs < most);
    return fromMs >= least && toMs < most && arrived;
  });
}

/** Whether a packet came in time to be of use; a stall delays, but does not lose. */
function isDelivered({ arrivedMs, lost }: SentPacket, dueMs: number, nack: boolean): boolean {
  const patienceMs = nack ? givenUpMs : copyMs;
  return arrivedMs !== undefined && (!lost || arrivedMs - dueMs <= patienceMs);
}

function expectedPictures({ pictures, script }: Sender, sections: Section[]): ExpectedPicture[] {
  const { delayMs } = script.network;
  const usable = decodable(pictures, script);
  let untilMs = Number.POSITIVE_INFINITY;
  let heldUntilMs = Number.POSITIVE_INFINITY;
  const backwards = pictures.toReversed().map((picture) => {
    const realMs = picture.capturedMs + delayMs;
    const span = { fromMs: realMs, toMs: realMs };
    const section = sectionOf(sections, span, picture.packets, firstPictureMs);
    const required = usable.has(picture) && section !== undefined && !isAfterBreak(script, picture);
    const atMs = recordedMs(realMs, sections);
    const expected = { counter: picture.counter, atMs, untilMs, heldUntilMs, required };
    if (required) untilMs = atMs;
    // After a break of numbers, or of the recording, it need not be shown, and may.
    if (usable.has(picture)) heldUntilMs = atMs;
    return { ...expected, held: required && isStill(script, picture) };
  });
  return backwards.reverse();
}

function isStill({ video }: SenderScript, { capturedMs }: SentPicture): boolean {
  return video.stills.some(({ fromMs, toMs }) => capturedMs >= fromMs && capturedMs < toMs);
}

/** Stretches in which pictures arrived, or should have, and could not be decoded. */
function unusableOf({ pictures, script }: Sender, sections: Section[]): Unusable[] {
  const usable = decodable(pictures, script);
  const [begin, end] = [sections[0]?.fromMs ?? 0, sections.at(-1)?.toMs ?? 0];
  const realMs = ({ capturedMs }: SentPicture) => capturedMs + script.network.delayMs;
  const stretches: SentPicture[][] = [[]];
  for (const picture of pictures.filter((one) => realMs(one) >= begin && realMs(one) <= end)) {
    if (!usable.has(picture)) stretches.at(-1)?.push(picture);
    else if (stretches.at(-1)?.length !== 0) stretches.push([]);
  }
  return stretches.flatMap((stretch) => {
    const [first, last] = [stretch[0], stretch.at(-1)];
    if (!first || !last || mayBeDecodable(first, script)) return [];
    const fromMs = recordedMs(realMs(first), sections);
    const toMs = recordedMs(realMs(last), sections);
    // A key frame that was lost as well had to be asked for again.
    const rounds = 1 + stretch.filter(({ key }) => key).length;
    const stalledMs = script.network.stalls.reduce((sum, one) => sum + one.toMs - one.fromMs, 0);
    // A camera makes the key frame of its next picture.
    const stillMs = longestStillMs(script, first.capturedMs, last.capturedMs);
    const patienceMs =
      answerMs(script) + stalledMs + stillMs + (script.video.nack ? givenUpMs + 500 : 400);
    const one = {
      kind: "video" as const,
      fromMs,
      toMs,
      tooLong: toMs - fromMs > rounds * patienceMs,
    };
    return one.tooLong || toMs - fromMs - stillMs >= worthTellingMs ? [one] : [];
  });
}

function longestStillMs({ video }: SenderScript, beginMs: number, endMs: number): number {
  return video.stills
    .filter(({ fromMs, toMs }) => fromMs <= endMs && toMs >= beginMs)
    .reduce((most, { everyMs }) => Math.max(most, everyMs), 0);
}

/** What came too late for certain use was not lost for certain either. */
function mayBeDecodable({ packets }: SentPicture, { video }: SenderScript): boolean {
  return (
    video.parameterSets !== "none" && packets.every(({ arrivedMs }) => arrivedMs !== undefined)
  );
}

/** From the wish for a key frame until it is there, at most. */
function answerMs({ network, video }: SenderScript): number {
  const { delayMs, jitterMs } = network;
  return (video.answersAfterMs ?? Number.POSITIVE_INFINITY) + 2 * (delayMs + jitterMs) + 150;
}

/** Whether a new piece may wait for its key frame, which has been asked for: the numbers have just broken. */
function isAfterBreak(script: SenderScript, { capturedMs }: SentPicture): boolean {
  const { jumps, sources, answersAfterMs } = script.video;
  if (answersAfterMs === undefined) return false;
  return [...jumps, ...sources].some(
    ({ atMs }) => capturedMs >= atMs && capturedMs < atMs + answerMs(script),
  );
}

/** Pictures that can be decoded from what arrived: key frames, and what follows one without a loss. */
function decodable(pictures: readonly SentPicture[], script: SenderScript): Set<SentPicture> {
  const found = new Set<SentPicture>();
  const { delayMs } = script.network;
  let intact = false;
  for (const picture of pictures) {
    const dueMs = picture.capturedMs + delayMs;
    const whole = picture.packets.every((packet) => isDelivered(packet, dueMs, script.video.nack));
    intact = whole && (intact || picture.key) && script.video.parameterSets !== "none";
    if (intact) found.add(picture);
  }
  return found;
}

function expectedBeeps({ sounds, script }: Sender, sections: Section[]): ExpectedBeep[] {
  const { delayMs } = script.network;
  const bySlot = new Map(sounds.map((sound) => [sound.capturedMs, sound]));
  return Array.from({ length: beepCount }, (_, beep) => {
    const capturedMs = beep * beepEveryMs;
    const slots = Array.from({ length: beepLengthMs / audioPacketMs }, (_unused, index) =>
      bySlot.get(capturedMs + index * audioPacketMs),
    );
    const sent = slots.filter((slot): slot is SentSound => slot !== undefined);
    const realMs = capturedMs + delayMs;
    const span = { fromMs: realMs, toMs: realMs + beepLengthMs };
    const packets = sent.map(({ packet }) => packet);
    const all =
      sent.length === slots.length &&
      packets.every((packet) => isDelivered(packet, realMs, script.audio.nack));
    const heardBefore = sounds
      .filter((one) => one.capturedMs < capturedMs)
      .filter((one) => one.capturedMs >= capturedMs - settlingMs.loud)
      .every(({ packet }) => isDelivered(packet, realMs, script.audio.nack));
    const pausedWithin = (ms: number) =>
      script.audio.pauses.some(({ fromMs, toMs }) => fromMs < capturedMs && toMs > capturedMs - ms);
    // The model's encoder goes on in a pause, unlike a real one; where silence is sent too, it is found again soon.
    const { loud } = settlingMs;
    const lostTrack = pausedWithin(script.audio.dtx ? beepEveryMs + beepLengthMs : loud);
    const isThere = all && sectionOf(sections, span, packets, firstSoundMs) !== undefined;
    const required = isThere && heardBefore && !lostTrack;
    return {
      ...{ beep, hertz: pitchOfBeep(script.participant, beep), atMs: recordedMs(realMs, sections) },
      required,
      whole: required && !pausedWithin(settlingMs.whole),
      possible: sent.length > 0,
    };
  });
}

/** Recorded time of a real one; what lies in a pause is at its edge. */
function recordedMs(realMs: number, sections: readonly Section[]): number {
  const section = sections.filter(({ fromMs }) => fromMs <= realMs).at(-1) ?? sections[0];
  if (!section) return realMs;
  return section.recordedMs + Math.min(realMs, section.toMs) - section.fromMs;
}
