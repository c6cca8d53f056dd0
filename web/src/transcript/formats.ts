import { clockWords } from "../words/time.ts";
import { transcriptWords } from "../words/transcript.ts";
import type { TimedLine } from "./placedLines.ts";

const { unknown } = transcriptWords;
const two = (value: number) => String(Math.floor(value)).padStart(2, "0");

/** Hours, minutes, seconds and ms, as subtitles have them. */
function stamp(ms: number, point: string): string {
  const clock = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60].map(two).join(":");
  return `${clock}${point}${String(Math.floor(ms % 1_000)).padStart(3, "0")}`;
}

/** Text is no markup, and a cue ends with an empty line. */
function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return text.replace(/\s+/g, " ").replace(/[&<>]/g, (sign) => entities[sign] ?? sign);
}

function vtt(lines: readonly TimedLine[]): string {
  const cues = lines.map(({ atMs, endMs, name, text }) => {
    const voice = name === undefined ? "" : `<v ${escaped(name)}>`;
    return `${stamp(atMs, ".")} --> ${stamp(endMs, ".")}\n${voice}${escaped(text)}`;
  });
  return `${["WEBVTT", ...cues].join("\n\n")}\n`;
}

function srt(lines: readonly TimedLine[]): string {
  const cues = lines.map(({ atMs, endMs, name = unknown, text }, index) => {
    const times = `${stamp(atMs, ",")} --> ${stamp(endMs, ",")}`;
    return `${index + 1}\n${times}\n${name}: ${text.replace(/\s+/g, " ")}\n`;
  });
  return cues.join("\n");
}

function plain(lines: readonly TimedLine[]): string {
  return lines
    .map(({ atMs, name = unknown, text }) => `[${clockWords(atMs)}] ${name}: ${text}\n`)
    .join("");
}

function json(lines: readonly TimedLine[]): string {
  const told = lines.map(({ atMs, endMs, name = null, text }) => ({
    ...{ startMs: atMs, endMs, speaker: name, text },
  }));
  return `${JSON.stringify(told, null, 2)}\n`;
}

/** The files a transcript can be saved as, by their ending. */
export const formats = {
  vtt: { type: "text/vtt", write: vtt },
  srt: { type: "application/x-subrip", write: srt },
  txt: { type: "text/plain", write: plain },
  json: { type: "application/json", write: json },
} as const satisfies Record<
  string,
  { type: string; write: (lines: readonly TimedLine[]) => string }
>;

export type Format = keyof typeof formats;
