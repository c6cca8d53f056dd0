import { existsSync, readFileSync } from "node:fs";
import { audioPacketMs, defaultLoop, type MediaLoop } from "../../../src/synth/media/mediaLoop.ts";
import { soundPackets } from "./soundPackets.ts";

/** Recordings of LibriVox in Debian's pocketsphinx-testdata, with certain text. */
const folder = "/usr/share/pocketsphinx/test/data/librivox";
const prefix = "sense_and_sensibility_01_austen_64kb-";

export const voicesInstalled = existsSync(folder);

/** What is read in them. */
export const sentences = {
  leisure:
    "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them",
  youngMan: "he was not an ill disposed young man",
  coldHearted: "unless to be rather cold hearted and rather selfish is to be ill disposed",
  amiable: "he might even have been made amiable himself",
} as const;

export type Sentence = keyof typeof sentences;

const files: Record<Sentence, string> = {
  ...{ leisure: "0870", youngMan: "0880", coldHearted: "0890", amiable: "0930" },
};

/** A WAV file, 16-bit mono at 16 kHz. */
export const voiceFile = (name: Sentence) => `${folder}/${prefix}${files[name]}.wav`;

/** 16-bit mono at 16 kHz. */
export function samplesOf(name: Sentence): Int16Array {
  const file = readFileSync(voiceFile(name));
  const data = file.indexOf("data") + 8;
  return new Int16Array(file.buffer.slice(file.byteOffset + data, file.byteOffset + file.length));
}

/** Sound that is said at times, ms, with whatever is heard beside it. */
export function speech(
  seconds: number,
  said: readonly (readonly [Sentence, number])[],
  beside: (index: number) => number = () => 0,
): MediaLoop {
  const placed = said.map(([name, atMs]) => ({ samples: samplesOf(name), from: atMs * 48 }));
  const sampleAt = (index: number) => {
    let sum = beside(index);
    for (const { samples, from } of placed) {
      const at = (index - from) / 3;
      const before = Math.floor(at);
      const here = samples[before] ?? 0;
      if (at >= 0) sum += (here + ((samples[before + 1] ?? here) - here) * (at - before)) / 32_768;
    }
    return sum;
  };
  const whole = Math.ceil((seconds * 1_000) / audioPacketMs) * (audioPacketMs / 1_000);
  return {
    ...{ spec: { ...defaultLoop, seconds }, video: [] },
    audio: soundPackets(whole, sampleAt, -30, 32_000n),
  };
}

/** Words as they are compared: written out, without case and marks. */
export function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll("mr.", "mister")
      .match(/[a-z0-9']+/g) ?? []
  );
}

/** Words that are wrong, missing or too many, over those of the text. */
export function wordErrorRate(heard: string, text: string): number {
  const [a, b] = [wordsOf(heard), wordsOf(text)];
  let row = b.map((_, at) => at + 1);
  row.unshift(0);
  for (const [index, word] of a.entries()) {
    const next = [index + 1];
    for (let at = 1; at <= b.length; at++)
      next.push(
        Math.min(
          (row[at] ?? 0) + 1,
          (next[at - 1] ?? 0) + 1,
          (row[at - 1] ?? 0) + (word === b[at - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return (row[b.length] ?? 0) / b.length;
}
