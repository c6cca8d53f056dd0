import { constants, Frame, Rational } from "../../../src/media/render/decode/nodeAv.ts";
import { Encoder } from "../../../src/synth/media/encoder.ts";
import { type AudioPacket, audioPacketMs } from "../../../src/synth/media/mediaLoop.ts";

const sampleRate = 48_000;
const packetSamples = (sampleRate * audioPacketMs) / 1000;
const mono = { nbChannels: 1, order: constants.AV_CHANNEL_ORDER_NATIVE, mask: 4n };

/**
 * Opus packets of any sound: `sampleAt` tells each sample at 48 kHz, −1 to 1. `levelDbov` is what is said of its level;
 * bits per second.
 */
export function soundPackets(
  seconds: number,
  sampleAt: (index: number) => number,
  levelDbov: number,
  bitRate = 96_000n,
): AudioPacket[] {
  const encoder = new Encoder(
    "libopus",
    (context) => {
      context.sampleRate = sampleRate;
      context.sampleFormat = constants.AV_SAMPLE_FMT_S16;
      context.channelLayout = mono;
      context.timeBase = new Rational(1, sampleRate);
      context.bitRate = bitRate;
    },
    { frame_duration: audioPacketMs },
  );
  const count = (seconds * 1000) / audioPacketMs;
  const frames = Array.from({ length: count }, (_, index) => frameAt(index, sampleAt));
  // The encoder looks ahead: the last packet, which it makes in the end, is all silence.
  const packets = [...frames, null].flatMap((frame) => encoder.encode(frame)).slice(0, count);
  encoder.close();
  return packets.map(({ data }) => ({ data, levelDbov }));
}

function frameAt(index: number, sampleAt: (index: number) => number): Frame {
  const samples = Int16Array.from({ length: packetSamples }, (_, at) =>
    Math.round(32_767 * Math.min(1, Math.max(-1, sampleAt(index * packetSamples + at)))),
  );
  return Frame.fromAudioBuffer(Buffer.from(samples.buffer), {
    nbSamples: packetSamples,
    format: constants.AV_SAMPLE_FMT_S16,
    sampleRate,
    channelLayout: mono,
    timeBase: { num: 1, den: sampleRate },
    pts: BigInt(index * packetSamples),
  });
}
