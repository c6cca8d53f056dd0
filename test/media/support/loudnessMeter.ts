import { spawnSync } from "node:child_process";

export const ffmpegInstalled = spawnSync("ffmpeg", ["-version"]).status === 0;

/** What ffmpeg, an independent judge, hears in a file. */
export interface Heard {
  /** Gated, of EBU R128, LUFS. */
  loudness: number;
  /** Of both channels, 4× oversampled, dBTP. */
  truePeak: number;
}

/** Decodes a file, or a stretch of it, and measures it by EBU R128. */
export function listenTo(file: string, stretch?: { fromMs: number; toMs: number }): Heard {
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = stretch ?? {};
  const cut = Number.isFinite(toMs) ? `atrim=${fromMs / 1000}:${toMs / 1000},` : "";
  const filter = ["-af", `${cut}ebur128=peak=true`, "-f", "null", "-"];
  const { stderr } = spawnSync(
    "ffmpeg",
    ["-hide_banner", "-nostats", "-i", file, "-vn", ...filter],
    {
      encoding: "utf8",
    },
  );
  const summary = stderr.slice(stderr.lastIndexOf("Summary:"));
  const [, loudness] = /I:\s+(\S+) LUFS/.exec(summary) ?? [];
  const [, truePeak] = /Peak:\s+(\S+) dBFS/.exec(summary) ?? [];
  if (loudness === undefined || truePeak === undefined) throw new Error(stderr.slice(-500));
  return { loudness: Number(loudness), truePeak: Number(truePeak) };
}
