import { constants, Frame, Rational } from "../../../src/media/compose/nodeAv.ts";
import { Encoder } from "../../../src/synth/encoder.ts";
import { type AudioPacket, audioPacketMs } from "../../../src/synth/mediaLoop.ts";

const sampleRate = 48_000;
const packetSamples = (sampleRate * audioPacketMs) / 1000;
const mono = { nbChannels: 1, order: constants.AV_CHANNEL_ORDER_NATIVE, mask: 4n };

/** Opus packets of one sine tone that never stops: a click anywhere is heard, and found. */
export function steadyTone(seconds: number, hertz: number): AudioPacket[] {
  const encoder = new Encoder(
    "libopus",
    (context) => {
      context.sampleRate = sampleRate;
      context.sampleFormat = constants.AV_SAMPLE_FMT_S16;
      context.channelLayout = mono;
      context.timeBase = new Rational(1, sampleRate);
      context.bitRate = 96_000n;
    },
    { frame_duration: audioPacketMs },
  );
  const count = (seconds * 1000) / audioPacketMs;
  const packets = Array.from({ length: count }, (_, index) =>
    encoder.encode(toneFrame(index, hertz)),
  ).flat();
  encoder.close();
  return packets.map(({ data }) => ({ data, levelDbov: -12 }));
}

function toneFrame(index: number, hertz: number): Frame {
  const samples = Int16Array.from({ length: packetSamples }, (_, at) => {
    const seconds = (index * packetSamples + at) / sampleRate;
    return Math.round(Math.sin(2 * Math.PI * hertz * seconds) * 12_000);
  });
  return Frame.fromAudioBuffer(Buffer.from(samples.buffer), {
    nbSamples: packetSamples,
    format: constants.AV_SAMPLE_FMT_S16,
    sampleRate,
    channelLayout: mono,
    timeBase: { num: 1, den: sampleRate },
    pts: BigInt(index * packetSamples),
  });
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
