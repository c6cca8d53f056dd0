import {
  Codec,
  CodecContext,
  constants,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
  type Stream,
} from "../../../src/media/render/decode/nodeAv.ts";
import type { Picture } from "../../../src/synth/picture/picture.ts";

export interface DecodedFile {
  /** Mono sum of both channels at 48 kHz; index 0 is time zero. */
  samples: Float32Array;
  pictures: number;
}

interface Decoder {
  stream: Stream;
  codec: CodecContext;
}

/** Decodes a finished file from end to end; `onPicture` gets each picture with its time in ms. */
export function decodeFile(
  path: string,
  onPicture: (picture: Picture, ms: number) => void = () => undefined,
): DecodedFile {
  const input = new FormatContext();
  input.allocContext();
  FFmpegError.throwIfError(input.openInputSync(path, null, null), "open");
  FFmpegError.throwIfError(input.findStreamInfoSync(null), "stream info");
  const decoders = input.streams.map(openDecoder);
  const frame = new Frame();
  frame.alloc();
  const sound: { at: number; samples: Float32Array }[] = [];
  let pictures = 0;
  const drain = ({ codec, stream }: Decoder) => {
    while (codec.receiveFrameSync(frame) === 0) {
      const seconds =
        (Number(frame.bestEffortTimestamp) * stream.timeBase.num) / stream.timeBase.den;
      if (frame.isVideo()) {
        pictures++;
        onPicture(packed(frame), seconds * 1000);
      } else sound.push({ at: Math.round(seconds * 48_000), samples: monoOf(frame) });
    }
  };
  eachPacket(input, (packet) => {
    const decoder = decoders[packet?.streamIndex ?? -1];
    for (const one of packet ? (decoder ? [decoder] : []) : decoders) {
      one.codec.sendPacketSync(packet);
      drain(one);
    }
  });
  for (const { codec } of decoders) codec.freeContext();
  frame.free();
  input.closeInputSync();
  return { samples: placed(sound), pictures };
}

function openDecoder(stream: Stream): Decoder {
  const decoder = Codec.findDecoder(stream.codecpar.codecId);
  const codec = new CodecContext();
  codec.allocContext3(decoder);
  codec.parametersToContext(stream.codecpar);
  codec.pktTimebase = stream.timeBase;
  FFmpegError.throwIfError(codec.open2Sync(decoder, null), "open decoder");
  return { stream, codec };
}

function eachPacket(input: FormatContext, use: (packet: Packet | null) => void): void {
  const packet = new Packet();
  packet.alloc();
  while (input.readFrameSync(packet) >= 0) {
    use(packet);
    packet.unref();
  }
  use(null);
  packet.free();
}

function packed(frame: Frame): Picture {
  const { width, height } = frame;
  if (frame.format !== constants.AV_PIX_FMT_YUV420P) throw new Error("not yuv420p");
  return { format: "i420", width, height, data: frame.toBuffer() };
}

function monoOf(frame: Frame): Float32Array {
  const planes = (frame.data ?? []).map(
    (plane) => new Float32Array(plane.buffer, plane.byteOffset, frame.nbSamples),
  );
  return Float32Array.from(
    { length: frame.nbSamples },
    (_, index) => planes.reduce((sum, plane) => sum + (plane[index] ?? 0), 0) / planes.length,
  );
}

function placed(sound: { at: number; samples: Float32Array }[]): Float32Array {
  // Not always the last: a damaged file may go back in time.
  const end = sound.reduce((most, { at, samples }) => Math.max(most, at + samples.length), 0);
  const all = new Float32Array(end);
  for (const { at, samples } of sound)
    all.set(at < 0 ? samples.subarray(-at) : samples, Math.max(0, at));
  return all;
}
