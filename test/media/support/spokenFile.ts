import { spawnSync } from "node:child_process";
import { type Sentence, voiceFile } from "./spoken.ts";

/** Sound at 44.1 kHz in which sentences are said at times, ms, as options of ffmpeg. */
export function spokenSound(seconds: number, said: readonly (readonly [Sentence, number])[]) {
  const inputs = said.flatMap(([name]) => ["-i", voiceFile(name)]);
  const delayed = said.map(
    ([, atMs], index) => `[${index}:a]aresample=44100,adelay=${atMs}:all=1,apad[s${index}]`,
  );
  const names = said.map((_, index) => `[s${index}]`).join("");
  const mixed = `${names}amix=inputs=${said.length}:normalize=0,atrim=0:${seconds}[sound]`;
  return { inputs, filter: [...delayed, mixed].join(";") };
}

/** An MP4 with a picture and all voices in one sound, as providers make it. */
export function spokenFile(
  path: string,
  seconds: number,
  said: readonly (readonly [Sentence, number])[],
): void {
  const { inputs, filter } = spokenSound(seconds, said);
  const picture = ["-f", "lavfi", "-i", `testsrc=size=320x180:rate=10:duration=${seconds}`];
  const { status, stderr } = spawnSync("ffmpeg", [
    ...["-y", ...inputs, ...picture, "-filter_complex", filter],
    ...["-map", "[sound]", "-map", `${said.length}:v`, "-pix_fmt", "yuv420p", path],
  ]);
  if (status !== 0) throw new Error(String(stderr));
}
