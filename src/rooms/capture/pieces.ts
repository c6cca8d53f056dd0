/** Where a new piece begins. */
export interface PieceStart {
  /** Media time at which it begins, and that of the last frame before it; ms. */
  atMs: number;
  endMs: number;
  /** When its first frame arrived, monotonic ms. */
  arrivedAt: number;
}

export interface ContinuitySink<F> {
  /** `mediaMs`: time since the track's first frame; follows real time also where the sender's does not. */
  frame(frame: F, mediaMs: number): void;
  /** Before the frames of the piece, `first` of which is the first; `shiftMs` is still that of the piece before. */
  piece(start: PieceStart, first: F): void;
}
