/** A frame put together again, ready for a track file. */
export interface EncodedFrame {
  data: Buffer;
  key: boolean;
  /** Picture size in px, at keyframes that carry it. */
  width?: number;
  height?: number;
  /** avcC record, H.264 keyframes. */
  codecPrivate?: Buffer;
}

/** What a payload tells of the frame it is part of. */
export interface Placement {
  /** The frame can begin with it. */
  startsFrame: boolean;
  /** Certainly no other frame refers to this one. */
  unreferenced: boolean;
  /** The frame certainly goes on behind it. */
  goesOn: boolean;
  /** Number of the picture, counted modulo `modulus`. */
  picture?: { id: number; modulus: number };
}

/** Puts the payloads of one frame, given in order, together again. Never throws on hostile payloads. */
export interface Depacketizer {
  /** Whether a frame can begin with this payload. */
  startsFrame(payload: Buffer): boolean;
  placement(payload: Buffer): Placement;
  /** Adds the next payload of the frame; false when it is unusable and the frame with it. */
  add(payload: Buffer): boolean;
  /** Looks for what outlives its frame in a payload whose frame is given up. */
  salvage(payload: Buffer): void;
  /** Anything may have been lost before the next payload. */
  gap(): void;
  /** The frame added so far, "empty" when it holds no picture, undefined when it is damaged. Starts over. */
  finish(): EncodedFrame | "empty" | undefined;
  reset(): void;
}
