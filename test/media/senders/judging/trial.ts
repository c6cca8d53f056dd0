import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describeCapture } from "../../../../src/media/format/describe.ts";
import { constants, Log } from "../../../../src/media/render/decode/nodeAv.ts";
import { userOf } from "../roomUnderTest.ts";
import type { SessionScript } from "../script.ts";
import { playSession } from "../session.ts";
import { expectedOf } from "./expected.ts";
import { type Finding, judge, judgeTold } from "./judge.ts";
import { logAround } from "./logAround.ts";
import { toldOf } from "./told.ts";
import { renderedViews, trackViews, type View } from "./views.ts";

export interface Verdict {
  script: SessionScript;
  findings: (Finding & { participant: number })[];
}

export interface TrialOptions {
  /** Whether the composed file is looked at, before it is encoded; the player and the tracks always are. */
  file: boolean;
}

/**
 * Plays a session and judges what its recording holds. `folder` gets the capture; where something is
 * found also the script, and the verdict with what the capture's log says there.
 */
export async function tryOut(
  script: SessionScript,
  folder: string,
  { file }: TrialOptions = { file: true },
): Promise<Verdict> {
  Log.setLevel(constants.AV_LOG_FATAL);
  const { captureDir, senders } = await playSession(script, folder);
  const participants = senders.map((sender) => sender.script.participant);
  const files = file ? await filesOrWhyNot(captureDir, participants) : [];
  const told = toldOf(await describeCapture(captureDir));
  const findings: Verdict["findings"] = [];
  for (const [index, sender] of senders.entries()) {
    const { participant } = sender.script;
    const user = userOf(sender.script);
    const expected = expectedOf(script, sender);
    const views = [
      ...files.slice(index, index + 1),
      ...(await trackViews(captureDir, user, participant)),
    ];
    const found = [
      ...views.flatMap((view) => judge(expected, view)),
      ...judgeTold(
        expected,
        told.filter((one) => one.participant === user),
      ),
    ];
    findings.push(...found.map((one) => ({ ...one, participant })));
  }
  if (findings.length > 0) {
    const report = await reportOf(script, findings, captureDir);
    await writeFile(path.join(folder, "verdict.txt"), `${report}\n`);
    await writeFile(path.join(folder, "script.json"), JSON.stringify(script, undefined, 2));
  }
  return { script, findings };
}

/** A capture of which no file can be made shows nothing. */
async function filesOrWhyNot(captureDir: string, participants: number[]): Promise<View[]> {
  try {
    return await renderedViews(captureDir, participants);
  } catch (error) {
    const broken = [error instanceof Error ? error.message : String(error)];
    const nothing = { pictures: [], beeps: [], noises: [], broken };
    return participants.map(() => ({ name: "file", ...nothing }));
  }
}

/** One line a finding, the seed first. */
export function lineOf(
  { script }: Pick<Verdict, "script">,
  finding: Verdict["findings"][number],
): string {
  const { view, kind, count, of, first, participant } = finding;
  const where = script.senders.length > 1 ? `${view} of sender ${participant}` : view;
  return `${script.seed} ${where}: ${kind}, ${count} of ${of}: ${first}`;
}

/** For people: the findings, and what the capture's log says there. */
async function reportOf(
  script: SessionScript,
  findings: Verdict["findings"],
  captureDir: string,
): Promise<string> {
  const parts = [`${script.name}\n`];
  for (const finding of findings) {
    parts.push(lineOf({ script }, finding));
    if (finding.atMs !== undefined) parts.push(...(await logAround(captureDir, finding.atMs)));
  }
  return parts.join("\n");
}
