import { isOn } from "./beep.ts";

export type VideoCodec = "VP8" | "H264";

/** What a loop looks and sounds like. */
export interface LoopSpec {
  /** Chooses colour and pitch. */
  participant: number;
  codec: VideoCodec;
  /** Pixels; even. */
  width: number;
  height: number;
  /** Frames a second. */
  fps: number;
  videoKbps: number;
  /** Length; whole seconds, because flash and beep come once a second. */
  seconds: number;
  /** A key frame comes at least this often. */
  keyframeSeconds: number;
}

export const defaultLoop: LoopSpec = {
  participant: 0,
  codec: "VP8",
  width: 1280,
  height: 720,
  fps: 30,
  videoKbps: 1200,
  seconds: 4,
  keyframeSeconds: 1,
};

export interface VideoFrame {
  data: Buffer;
  key: boolean;
  /** What the picture's cells say: the frame's position, so it begins again at 0 with every turn of the loop. */
  counter: number;
  flash: boolean;
}

export interface AudioPacket {
  /** 20 ms of Opus. */
  data: Buffer;
  /** RFC 6464, dBov: 0 loudest, −127 digital silence. */
  levelDbov: number;
}

/** Encoded once, sent again and again. */
export interface MediaLoop {
  spec: LoopSpec;
  video: readonly VideoFrame[];
  audio: readonly AudioPacket[];
}

export const audioPacketMs = 20;

/** Whether the frame at this position is a flash. */
export function isFlash(spec: LoopSpec, index: number): boolean {
  return isOn((index * 1000) / spec.fps);
}

/** Changes with the layout of the file or with what is drawn, so that older files are not taken for new ones. */
export const loopFormat = 1;

interface Index {
  format: number;
  spec: LoopSpec;
  video: { size: number; key: boolean }[];
  audio: { size: number; levelDbov: number }[];
}

/** File of a loop: length of the index (4 bytes, big endian), the index as JSON, then all data in its order. */
export function serialiseLoop({ spec, video, audio }: MediaLoop): Buffer {
  const index: Index = {
    format: loopFormat,
    spec,
    video: video.map(({ data, key }) => ({ size: data.length, key })),
    audio: audio.map(({ data, levelDbov }) => ({ size: data.length, levelDbov })),
  };
  const json = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, ...[...video, ...audio].map(({ data }) => data)]);
}

/** The opposite of `serialiseLoop`. @throws when the file is cut short or of another format */
export function parseLoop(file: Buffer): MediaLoop {
  const start = 4 + file.readUInt32BE(0);
  const index = JSON.parse(file.toString("utf8", 4, start)) as Index;
  if (index.format !== loopFormat) throw new Error(`loop file of format ${index.format}`);
  let at = start;
  const take = (size: number) => {
    at += size;
    return file.subarray(at - size, at);
  };
  const { spec } = index;
  const video = index.video.map(({ size, key }, counter) => {
    return { data: take(size), key, counter, flash: isFlash(spec, counter) };
  });
  const audio = index.audio.map(({ size, levelDbov }) => ({ data: take(size), levelDbov }));
  if (at !== file.length) throw new Error("loop file is incomplete");
  return { spec, video, audio };
}
