import { type AudioPacket, audioPacketMs } from "../../../src/synth/media/mediaLoop.ts";
import { soundPackets } from "../support/soundPackets.ts";

/**
 * What there is to hear, by the time at which it is captured: twice a second a beep, each of a pitch of its own, so that
 * whatever is heard somewhere tells when it was captured.
 */
export const beepEveryMs = 500;
export const beepLengthMs = 100;
/** Sessions are shorter: then pitches would come again. */
export const contentMs = 25_000;
export const beepCount = contentMs / beepEveryMs;
export const beepAmplitude = 0.25;
const rampMs = 4;
const sampleRate = 48_000;
/** Samples by which libopus delays sound: it is fed that much early. */
const lookahead = 312;

/** Participants who sound alike: what one file mixes can be told apart for two of them. */
const voiceOf = (participant: number) => participant % 2;

/** Multiples of 100 Hz: apart in windows of 10 ms. Two senders share none. */
export function pitchOfBeep(participant: number, beep: number): number {
  return 400 + 100 * (2 * beep + voiceOf(participant));
}

function sampleAt(participant: number, index: number): number {
  const ms = (index * 1000) / sampleRate;
  const beep = Math.floor(ms / beepEveryMs);
  const within = ms - beep * beepEveryMs;
  if (index < 0 || within >= beepLengthMs || beep >= beepCount) return 0;
  const ramp = Math.min(1, within / rampMs, (beepLengthMs - within) / rampMs);
  const hertz = pitchOfBeep(participant, beep);
  return beepAmplitude * ramp * Math.sin((2 * Math.PI * hertz * index) / sampleRate);
}

const banks = new Map<number, readonly AudioPacket[]>();

/** All packets of a participant; the n-th is captured at n × 20 ms. Encoded once per process. */
export function soundOf(participant: number): readonly AudioPacket[] {
  const voice = voiceOf(participant);
  const bank = banks.get(voice) ?? encodeSound(voice);
  banks.set(voice, bank);
  return bank;
}

function encodeSound(participant: number): AudioPacket[] {
  const sound = (index: number) => sampleAt(participant, index + lookahead);
  return soundPackets(contentMs / 1000, sound, 0, 48_000n).map(({ data }, index) => {
    return { data, levelDbov: levelAt(index * audioPacketMs) };
  });
}

/** What the sender says of how loud a packet is. */
function levelAt(ms: number): number {
  return ms % beepEveryMs < beepLengthMs ? -15 : -127;
}
