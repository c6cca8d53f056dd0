import type { CapturePlayback } from "../../media/format/port.ts";

/** Who spoke when, as WebVTT: a caption with the speaker's name for as long as it is their turn and they are there. */
export function speakersVtt({ participants, speakers, durationMs }: CapturePlayback): string {
  const people = new Map(participants.map((one) => [one.id, one]));
  const cues = speakers.flatMap(({ atMs, participantId }, index) => {
    const person = people.get(participantId);
    const endMs = Math.min(speakers[index + 1]?.atMs ?? durationMs, durationMs);
    const there = person?.presence ?? [];
    return there
      .map(({ fromMs, toMs }) => ({ from: Math.max(fromMs, atMs), to: Math.min(toMs, endMs) }))
      .filter(({ from, to }) => to > from)
      .map(({ from, to }) => cue(from, to, person?.name ?? participantId));
  });
  return ["WEBVTT", ...cues].join("\n\n").concat("\n");
}

function cue(fromMs: number, toMs: number, name: string): string {
  const text = escaped(name);
  return `${timestamp(fromMs)} --> ${timestamp(toMs)}\n<v ${text}>${text}`;
}

function timestamp(ms: number): string {
  const part = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, "0");
  const minutes = part((ms / 60_000) % 60, 2);
  return `${part(ms / 3_600_000, 2)}:${minutes}:${part((ms / 1000) % 60, 2)}.${part(ms % 1000, 3)}`;
}

/** Names are text, not markup, and stay on one line. */
function escaped(name: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return name.replace(/\s+/g, " ").replace(/[&<>]/g, (sign) => entities[sign] ?? sign);
}
