import { sampleRate } from "../../core/media.ts";
import { createPatternPainter } from "../picture/pattern.ts";
import { beepSample } from "./beep.ts";
import { Encoder } from "./encoder.ts";
import { constants, Frame, Rational } from "./libav.ts";
import {
  type AudioPacket,
  audioPacketMs,
  isFlash,
  type LoopSpec,
  type MediaLoop,
  type VideoFrame,
} from "./mediaLoop.ts";

/** Draws and encodes a loop. Takes about a second of CPU for 4 s of 720p; blocks while it does. */
export function encodeLoop(spec: LoopSpec): MediaLoop {
  return { spec, video: encodeVideo(spec), audio: encodeAudio(spec) };
}

function encodeVideo(spec: LoopSpec): VideoFrame[] {
  const { participant, width, height, fps, seconds } = spec;
  const paint = createPatternPainter(participant, width, height);
  const encoder = openVideoEncoder(spec);
  const packets = Array.from({ length: seconds * fps }, (_, counter) => {
    const picture = paint({ counter, flash: isFlash(spec, counter) });
    return encoder.encode(videoFrame(spec, picture, counter));
  });
  packets.push(encoder.encode(null));
  encoder.close();
  return packets.flat().map(({ data, key }, counter) => {
    return { data, key, counter, flash: isFlash(spec, counter) };
  });
}

function videoFrame({ width, height, fps }: LoopSpec, picture: Uint8Array, index: number): Frame {
  return Frame.fromVideoBuffer(Buffer.from(picture.buffer, picture.byteOffset, picture.length), {
    width,
    height,
    format: constants.AV_PIX_FMT_YUV420P,
    timeBase: { num: 1, den: fps },
    pts: BigInt(index),
  });
}

/** Both without look-ahead, so that one frame in is one frame out. */
const videoOptions = {
  VP8: { deadline: "realtime", "cpu-used": -8, "lag-in-frames": 0, "auto-alt-ref": 0 },
  H264: { preset: "veryfast", tune: "zerolatency", profile: "baseline", sc_threshold: 0 },
};

function openVideoEncoder(spec: LoopSpec): Encoder {
  const name = spec.codec === "VP8" ? "libvpx" : "libx264";
  const gop = Math.round(spec.fps * spec.keyframeSeconds);
  const configure = (context: ConfigurableContext) => {
    Object.assign(context, { width: spec.width, height: spec.height, gopSize: gop });
    context.pixelFormat = constants.AV_PIX_FMT_YUV420P;
    context.timeBase = new Rational(1, spec.fps);
    context.framerate = new Rational(spec.fps, 1);
    context.bitRate = BigInt(spec.videoKbps * 1000);
    context.rcMaxRate = context.bitRate;
    context.rcBufferSize = spec.videoKbps * 1000;
    context.colorRange = constants.AVCOL_RANGE_MPEG;
    context.threadCount = 1;
  };
  return new Encoder(name, configure, { ...videoOptions[spec.codec], keyint_min: gop });
}

type ConfigurableContext = Parameters<ConstructorParameters<typeof Encoder>[1]>[0];

const packetSamples = (sampleRate * audioPacketMs) / 1000;

/** Samples by which libopus delays sound (`-application audio`): it is fed that much early. */
const lookahead = 312;

const bytesPerSample = 2;

function encodeAudio({ participant, seconds }: LoopSpec): AudioPacket[] {
  const count = (seconds * 1000) / audioPacketMs;
  const encoder = openOpus();
  // Once through to fill the encoder's memory: the first packet of the loop follows on its last.
  const warmUp = 10;
  const packets = Array.from({ length: count + warmUp }, (_, index) => {
    const position = (index - warmUp) * packetSamples;
    return encoder.encode(audioFrame(pcm(participant, position + lookahead), index));
  }).flat();
  encoder.close();
  return packets.slice(warmUp).map(({ data }, index) => {
    return { data, levelDbov: levelOf(pcm(participant, index * packetSamples)) };
  });
}

function openOpus(): Encoder {
  const configure = (context: ConfigurableContext) => {
    context.sampleRate = sampleRate;
    context.sampleFormat = constants.AV_SAMPLE_FMT_S16;
    context.channelLayout = mono;
    context.timeBase = new Rational(1, sampleRate);
    context.bitRate = 32_000n;
  };
  return new Encoder("libopus", configure, { frame_duration: audioPacketMs });
}

const mono = { nbChannels: 1, order: constants.AV_CHANNEL_ORDER_NATIVE, mask: 4n };

function pcm(participant: number, from: number): Int16Array {
  return Int16Array.from({ length: packetSamples }, (_, index) =>
    Math.round(beepSample(participant, from + index) * 32_767),
  );
}

function audioFrame(samples: Int16Array, index: number): Frame {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, packetSamples * bytesPerSample);
  return Frame.fromAudioBuffer(bytes, {
    nbSamples: packetSamples,
    format: constants.AV_SAMPLE_FMT_S16,
    sampleRate,
    channelLayout: mono,
    timeBase: { num: 1, den: sampleRate },
    pts: BigInt(index * packetSamples),
  });
}

/** Mean power against full scale, dB, in RFC 6464's range. */
function levelOf(samples: Int16Array): number {
  const power = samples.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / samples.length;
  return power === 0 ? -127 : Math.max(-127, Math.min(0, Math.round(10 * Math.log10(power))));
}
