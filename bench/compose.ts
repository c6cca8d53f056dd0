import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import path from "node:path";
import { processEntry } from "../src/config/paths.ts";
import type { ComposeJob, ComposeMessage } from "../src/media/compose/protocol.ts";
import { participants, sourceCapture } from "./composeSource.ts";
import { cpuSeconds, usageIsKnown } from "./processUsage.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, type Pair } from "./statistics.ts";

const name = "composing 4 × 720p30 into a 720p grid";

interface Cost {
  wallSeconds: number;
  cpuSeconds: number;
}

/** Our compositor against plain ffmpeg with an equal graph; ours also finds the timeline, tags names and probes. */
export async function benchCompose(stage: Stage): Promise<Row[]> {
  if (!(await hasFfmpeg())) return [notRun(name, "needs ffmpeg on the PATH")];
  const durationMs = stage.pick(20_000, 8_000);
  const capture = await sourceCapture(stage, durationMs);
  stage.say(`${participants} participants, ${durationMs / 1000} s, ${stage.pick(3, 1)} rounds`);
  const rounds = await measureRounds(stage.pick(3, 1), capture);
  const baseline = "ffmpeg";
  const seconds = durationMs / 1000;
  const wall = compare(rounds.map(({ ours, plain }) => pair(ours.wallSeconds, plain.wallSeconds)));
  const cpu = compare(rounds.map(({ ours, plain }) => pair(ours.cpuSeconds, plain.cpuSeconds)));
  const beside = `${(seconds / wall.ours).toFixed(1)}× real time`;
  const aim = { of: "ratio", most: 1.1 } as const;
  const wallRow = { name: `${name}, wall`, baseline, comparison: wall, format: units.seconds };
  const cpuRow = { name: `${name}, CPU`, baseline, comparison: cpu, format: units.cpuSeconds };
  const rows = [rowOf({ ...wallRow, aim, beside })];
  return usageIsKnown() ? [...rows, rowOf(cpuRow)] : rows;
}

const pair = (ours: number, baseline: number): Pair => ({ ours, baseline });

/** Rounds in turn, changing who begins. */
async function measureRounds(
  count: number,
  capture: string,
): Promise<{ ours: Cost; plain: Cost }[]> {
  const rounds: { ours: Cost; plain: Cost }[] = [];
  for (let round = 0; round < count; round++) {
    if (round % 2 === 0) {
      rounds.push({ ours: await composeOurs(capture), plain: await composePlain(capture) });
    } else {
      const plain = await composePlain(capture);
      rounds.push({ ours: await composeOurs(capture), plain });
    }
  }
  return rounds;
}

async function composeOurs(captureDir: string): Promise<Cost> {
  const job: ComposeJob = {
    captureDir,
    output: path.join(path.dirname(captureDir), "ours.mp4"),
    ...{ layout: "grid", quality: "720p", audioOnly: false, composer: "node-av", threads: 0 },
  };
  const child = fork(processEntry("composeProcess"), [], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let failure: string | undefined;
  child.on("message", (message: ComposeMessage) => {
    if (message.type === "failed") failure = message.reason;
  });
  const cost = costOf(child);
  child.send(job);
  await cost;
  if (failure !== undefined) throw new Error(`composing failed: ${failure}`);
  return cost;
}

/** At the priority that the compositor gives itself. */
async function composePlain(captureDir: string): Promise<Cost> {
  const child = spawn("ffmpeg", await plainArguments(captureDir), {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  return costOf(child);
}

/** Tiles as the compositor places them, without names, rounded corners and a look at the result. */
async function plainArguments(captureDir: string): Promise<string[]> {
  const files = (await readdir(captureDir)).filter((file) => /\.(webm|mkv)$/.test(file)).sort();
  const kind = (wanted: string) => files.filter((file) => file.includes(wanted));
  const inputs = [...kind("video"), ...kind("audio")].flatMap((file) => [
    "-i",
    path.join(captureDir, file),
  ]);
  const tiles = [0, 1, 2, 3].map((at) => `[${at}:v]fps=30,scale=618:346:flags=bilinear[t${at}]`);
  const stack =
    "[t0][t1][t2][t3]xstack=inputs=4:layout=0_0|626_0|0_354|626_354,pad=1280:720:18:10[v]";
  const sound = "[4:a][5:a][6:a][7:a]amix=inputs=4:normalize=0[a]";
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-y", ...inputs],
    ...["-filter_complex", [...tiles, stack, sound].join(";"), "-map", "[v]", "-map", "[a]"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "60"],
    ...["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"],
    path.join(path.dirname(captureDir), "plain.mp4"),
  ];
}

/** Wall time from now to the child's end, and the CPU time it had used when last seen. */
async function costOf(child: ChildProcess): Promise<Cost> {
  const began = performance.now();
  let used = 0;
  const look = async () => {
    if (child.pid !== undefined && usageIsKnown())
      used = await cpuSeconds(child.pid).catch(() => used);
  };
  const timer = setInterval(() => void look(), 50);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const [code] = await once(child, "exit").finally(() => {
    clearInterval(timer);
    process.off("exit", kill);
  });
  if (code !== 0) throw new Error(`ended with ${code}`);
  return { wallSeconds: (performance.now() - began) / 1000, cpuSeconds: used };
}

async function hasFfmpeg(): Promise<boolean> {
  const child = spawn("ffmpeg", ["-version"], { stdio: "ignore" });
  return new Promise((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}
