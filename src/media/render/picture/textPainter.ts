import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { FFmpegError, Filter, type FilterContext, FilterGraph, Frame } from "../decode/nodeAv.ts";
import { graphemes } from "./displayName.ts";
import { FontCoverage } from "./fontCoverage.ts";
import type { Mask } from "./overlay.ts";

/** Path of the font we ship: no font of the system is ever used. */
export function shippedFont(): string {
  return createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
}

/** Draws lines of text into coverage masks with FFmpeg's drawtext (shaping, right-to-left). */
export class TextPainter {
  #fontPath: string;
  readonly coverage: FontCoverage;

  constructor(fontPath: string) {
    this.#fontPath = fontPath;
    this.coverage = new FontCoverage(readFileSync(fontPath));
  }

  /** One line, cut with an ellipsis to at most `maxWidth` px; height is 1.5 × `fontPx`, width that of the ink. */
  line(text: string, fontPx: number, maxWidth: number): Mask {
    let letters = graphemes(text);
    for (let mask = this.#draw(text, fontPx); ; ) {
      if (mask.width <= maxWidth || letters.length <= 1) return mask;
      const kept = Math.floor((letters.length * maxWidth) / mask.width);
      letters = letters.slice(0, Math.max(1, Math.min(letters.length - 1, kept)));
      mask = this.#draw(`${letters.join("").trimEnd()}…`, fontPx);
    }
  }

  #draw(text: string, fontPx: number): Mask {
    // A character is hardly ever wider than 1.2 em; what sticks out is cut off, never written elsewhere.
    const width = Math.min(16_000, Math.ceil((graphemes(text).length + 2) * fontPx * 1.2));
    const height = Math.ceil(fontPx * 1.5);
    const graph = new FilterGraph();
    graph.alloc();
    const frame = new Frame();
    frame.alloc();
    try {
      const sink = this.#build(graph, { width, height }, text, fontPx);
      FFmpegError.throwIfError(sink.buffersinkGetFrameSync(frame), "draw text");
      return inkOf(frame, width, height);
    } finally {
      frame.free();
      graph.free();
    }
  }

  /** black → gray → drawtext → sink. Text and font path are set as values: no filter string is ever parsed for them. */
  #build(
    graph: FilterGraph,
    { width, height }: { width: number; height: number },
    text: string,
    fontPx: number,
  ): FilterContext {
    const source = filter(graph, "color", {
      color: "black",
      size: `${width}x${height}`,
      rate: "1",
    });
    const gray = filter(graph, "format", { pix_fmts: "gray" });
    const drawn = filter(graph, "drawtext", {
      ...{ fontfile: this.#fontPath, text, expansion: "none", fontcolor: "white" },
      ...{ fontsize: String(fontPx), x: String(Math.ceil(fontPx / 2)), y_align: "baseline" },
      y: String(Math.round(fontPx * 1.1)),
    });
    const sink = filter(graph, "buffersink", {});
    for (const [from, to] of [
      [source, gray],
      [gray, drawn],
      [drawn, sink],
    ] as const)
      FFmpegError.throwIfError(from.link(0, to, 0), "link filters");
    FFmpegError.throwIfError(graph.configSync(), "configure filters");
    return sink;
  }
}

function filter(graph: FilterGraph, name: string, options: Record<string, string>): FilterContext {
  const kind = Filter.getByName(name);
  const made = kind && graph.allocFilter(kind, name);
  if (!made) throw new Error(`this FFmpeg has no filter ${name}`);
  for (const [option, value] of Object.entries(options))
    FFmpegError.throwIfError(made.setOption(option, value), `${name}: ${option}`);
  FFmpegError.throwIfError(made.init(null), `initialise ${name}`);
  return made;
}

/** The columns that hold ink, copied out of native memory. */
function inkOf(frame: Frame, width: number, height: number): Mask {
  const plane = frame.data?.[0];
  const stride = frame.linesize[0] ?? width;
  if (!plane) return { width: 0, height, alpha: new Uint8Array(0) };
  const inked = (column: number) => {
    for (let row = 0; row < height; row++) if ((plane[row * stride + column] ?? 0) > 8) return true;
    return false;
  };
  let left = 0;
  let right = width;
  while (left < right && !inked(left)) left++;
  while (right > left && !inked(right - 1)) right--;
  const alpha = new Uint8Array((right - left) * height);
  for (let row = 0; row < height; row++)
    alpha.set(plane.subarray(row * stride + left, row * stride + right), row * (right - left));
  return { width: right - left, height, alpha };
}
