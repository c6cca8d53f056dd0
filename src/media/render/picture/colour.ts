/** A colour as the output has it: limited-range BT.601 Y'CbCr, 8 bit. */
export interface Yuv {
  y: number;
  u: number;
  v: number;
}

/** From `#rrggbb`. */
export function yuv(hex: string): Yuv {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return {
    y: Math.round(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255),
    u: Math.round(128 + (-37.797 * r - 74.203 * g + 112 * b) / 255),
    v: Math.round(128 + (112 * r - 93.786 * g - 18.214 * b) / 255),
  };
}

export const theme = {
  background: yuv("#0c0d10"),
  tile: yuv("#1d2026"),
  label: yuv("#000000"),
  text: yuv("#ffffff"),
  /** Discs behind initials: all dark enough for white letters (contrast at least 4.5). */
  avatars: [
    "#3b6fd4",
    "#a2513f",
    "#2b7f63",
    "#7d55b8",
    "#8a6420",
    "#b0416f",
    "#1f7a94",
    "#5b7130",
  ].map(yuv),
};
