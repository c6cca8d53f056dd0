import { renameDurably, syncFile } from "../../../files/durable.ts";
import type { ProbeFinding } from "../../compose/protocol.ts";
import { probeFile } from "./probe.ts";

/** Makes a rendition durable, looks at it and gives it its name. @throws when it is not what it should be */
export async function publish(
  part: string,
  output: string,
  durationMs: number,
): Promise<ProbeFinding> {
  await syncFile(part);
  const probe = await probeFile(part, { durationMs, video: !output.endsWith(".m4a") });
  if (probe.problems.length > 0) throw new Error(`bad result: ${probe.problems.join("; ")}`);
  await renameDurably(part, output);
  return probe;
}
