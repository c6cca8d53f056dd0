import type { VideoCodec } from "../../../src/synth/media/mediaLoop.ts";

/**
 * A session as plain data: who sends what, what goes wrong, when it is recorded. All times are ms of real time since
 * the senders began; nothing in a session takes place before 0.
 */
export interface SessionScript {
  /** Decides whatever the rest leaves open: the delay of a packet, which one is lost. */
  seed: number;
  /** What it contains, for people. */
  name: string;
  /** When the senders end. */
  lengthMs: number;
  recording: Span & { pauses: Span[] };
  /** The server's wall clock is set; its monotonic clock goes on. */
  wallSteps: { atMs: number; byMs: number }[];
  senders: SenderScript[];
}

export interface Span {
  fromMs: number;
  toMs: number;
}

export interface SenderScript {
  /** Colour and pitches: 0 or 1. */
  participant: number;
  /** The sender's clock, by which its reports go. */
  clock: { offsetMs: number; ppm: number };
  /** Undefined: never reports. */
  reports: ReportScript | undefined;
  network: NetworkScript;
  audio: AudioScript;
  video: VideoScript;
}

export interface ReportScript {
  firstMs: number;
  everyMs: number;
  wrong: WrongReports[];
}

/** Reports of a stretch are wrong by so much; afterwards they are true again. */
export interface WrongReports extends Span {
  kind: "audio" | "video";
  /** The sender's clock, or the RTP time that is said to be now. */
  of: "clock" | "media";
  byMs: number;
}

export interface NetworkScript {
  /** The least a packet takes, either way. */
  delayMs: number;
  /** What a packet may take longer. */
  jitterMs: number;
  /** Whether a packet may overtake another. */
  reorders: boolean;
  /** Share of packets that come twice. */
  duplicates: number;
  /** Share of packets that are lost. */
  loss: number;
  /** What would arrive in such a stretch arrives after its end: at once, or `pace` times as fast as it was sent. */
  stalls: (Span & { pace?: number })[];
}

/** How a track is numbered. */
export interface NumberScript {
  ssrc: number;
  sequence: number;
  timestamp: number;
  /** How much faster than real time its RTP clock runs. */
  ppm: number;
}

interface TrackScript {
  numbers: NumberScript;
  /** Whether lost packets may be asked for. */
  nack: boolean;
  /** From capture to the wire. */
  encodeMs: number;
  jumps: { atMs: number; byMs: number }[];
  /** The sender goes on with other numbers. */
  sources: { atMs: number; numbers: NumberScript }[];
  pauses: PauseScript[];
}

/** Nothing is captured and sent. */
export interface PauseScript extends Span {
  /** Whether RTP time goes on meanwhile, or continues as if there had been no pause. */
  timeGoesOn: boolean;
  /** Whether the sender reports meanwhile. */
  reports: boolean;
  /** Whether it begins with a BYE. */
  bye: boolean;
}

export interface AudioScript extends TrackScript {
  /** Silence is hardly sent. */
  dtx: boolean;
}

export interface VideoScript extends TrackScript {
  codec: VideoCodec;
  sizes: { atMs: number; width: number; height: number }[];
  /** A key frame comes at least this often. */
  keyframeEveryMs: number;
  /** From the request to the key frame; undefined: requests are ignored. */
  answersAfterMs: number | undefined;
  /** Of H.264: beside the picture, in packets with a marker of their own, or never sent. */
  parameterSets: "inline" | "marked" | "none";
  /** Stretches in which a picture comes only now and then. */
  stills: (Span & { everyMs: number })[];
}
