import { availableParallelism } from "node:os";
import path from "node:path";
import { processEntry, searchPath } from "../config/paths.ts";
import type { Lifetime } from "../core/lifetime.ts";
import { type Compose, startComposeLoop } from "../jobs/compose.ts";
import type { Loop } from "../jobs/loop.ts";
import { machineLoad } from "../jobs/machineLoad.ts";
import { startRetentionLoop } from "../jobs/retention.ts";
import { startSettleLoops } from "../jobs/settle.ts";
import { startSliceLoop } from "../jobs/slices.ts";
import { SliceComposer } from "../media/compose/sliceComposer.ts";
import type { Services } from "../runtime/context.ts";

/** Starts all background work, as much of it as this server's provider leaves to it. */
export function startLoops(services: Services, lifetime: Lifetime): void {
  const { config, video } = services;
  const loops = [...startSettleLoops(services), startRetentionLoop(services)];
  if (video.capabilities.composesLocally && config.composeJobs > 0)
    loops.push(...startComposing(services));
  lifetime.add("background work", () => Promise.all(loops.map((loop) => loop.stop())));
}

function startComposing(services: Services): Loop[] {
  const { config, log } = services;
  const slices = new SliceComposer({
    entry: processEntry("composeProcess"),
    log,
    // The child needs none of our settings, and least of all our secrets.
    env: { PATH: searchPath() },
    parallel: config.composeSlices ?? availableParallelism(),
  });
  const workDir = path.join(config.dataDir, "composing");
  const compose: Compose = (job, options) => slices.compose(job, options);
  const workers = Array.from({ length: config.composeJobs }, (_, worker) =>
    startComposeLoop({ services, workDir, compose }, worker),
  );
  if (config.composer !== "node-av") return workers;
  return [...workers, startSliceLoop({ services, workDir, slices, load: machineLoad() })];
}
