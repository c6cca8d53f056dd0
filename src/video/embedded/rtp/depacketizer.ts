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

/** Puts the payloads of one frame, given in order, together again. Never throws on hostile payloads. */
export interface Depacketizer {
  /** Whether a frame can begin with this payload. */
  startsFrame(payload: Buffer): boolean;
  /** Adds the next payload of the frame; false when it is unusable and the frame with it. */
  add(payload: Buffer): boolean;
  /** The frame added so far, "empty" when it holds no picture, undefined when it is damaged. Starts over. */
  finish(): EncodedFrame | "empty" | undefined;
  reset(): void;
}
