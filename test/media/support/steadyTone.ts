import type { AudioPacket } from "../../../src/synth/media/mediaLoop.ts";
import { soundPackets } from "./soundPackets.ts";

const sampleRate = 48_000;
const amplitude = 12_000 / 32_767;

/** Opus packets of one sine tone that never stops: a click anywhere is heard, and found. */
export function steadyTone(seconds: number, hertz: number): AudioPacket[] {
  const turn = (2 * Math.PI * hertz) / sampleRate;
  return soundPackets(seconds, (index) => amplitude * Math.sin(turn * index), -12);
}

/** How far each sample is from what the two before it say a sine of that pitch does next; the largest. */
export function roughness(samples: Float32Array, hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / sampleRate);
  let most = 0;
  for (let at = 2; at < samples.length; at++) {
    const expected = turn * (samples[at - 1] ?? 0) - (samples[at - 2] ?? 0);
    most = Math.max(most, Math.abs((samples[at] ?? 0) - expected));
  }
  return most;
}
