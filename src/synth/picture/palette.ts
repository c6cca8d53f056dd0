import type { Colour } from "./picture.ts";

/** Distance from grey: the largest at which all eight directions can still be shown in RGB at this brightness. */
const saturation = 56;
const brightness = 120;

/** Neighbours are 43 apart; grey is 56 from each. */
const tolerance = 20;

/** One colour per participant, told apart by chroma alone: eight directions, 45° apart. */
export const palette = [
  hue("red", 112.5),
  hue("blue", 337.5),
  hue("green", 202.5),
  hue("violet", 22.5),
  hue("olive", 157.5),
  hue("teal", 292.5),
  hue("pink", 67.5),
  hue("emerald", 247.5),
] as const satisfies readonly PaletteColour[];

export interface PaletteColour extends Colour {
  name: string;
}

function hue(name: string, degrees: number): PaletteColour {
  const angle = (degrees * Math.PI) / 180;
  const u = Math.round(128 + saturation * Math.cos(angle));
  const v = Math.round(128 + saturation * Math.sin(angle));
  return { name, y: brightness, u, v };
}

/** The participant whose colour this is; colours wrap round after the eighth. */
export function colourOf(participant: number): PaletteColour {
  return palette[((participant % palette.length) + palette.length) % palette.length] ?? palette[0];
}

/** Index of the palette's colour that this is, undefined for grey and anything else. */
export function paletteIndexOf({ u, v }: Colour): number | undefined {
  const index = palette.findIndex((colour) => Math.hypot(colour.u - u, colour.v - v) <= tolerance);
  return index === -1 ? undefined : index;
}
