import { rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { isAppError } from "../core/errors.ts";
import type { ComposeJob, ProbeFinding } from "../media/compose/protocol.ts";
import { type Recording, refOf } from "../recordings/recording.ts";
import type { Rendition } from "../recordings/renditions/renditions.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { Away, type MakeOptions, type RenditionMaker, unusable } from "./renditions.ts";
import { sliceFolder } from "./slices.ts";

/** Composes one job in a child process; rejects with a `ComposeFailure`-like error (`retryable`). */
export type Compose = (job: ComposeJob, options: MakeOptions) => Promise<ProbeFinding>;

export interface ComposingDeps {
  services: RecordingServices;
  compose: Compose;
  /** Folder of files in the making. */
  workDir: string;
}

/** Before it is looked again whether a capture has come from the store, ms. */
const restoringMs = 1_000;

/** Makes files of what was captured here. */
export function composing(deps: ComposingDeps): RenditionMaker {
  return {
    make: async (rendition, recording, output, options) =>
      deps.compose(await jobOf(deps, rendition, recording, output), options),
    forget: (rendition, { id }) => forgetSlices(sliceFolder(deps.workDir, id, rendition)),
  };
}

async function forgetSlices(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  // Slices of another look may be in it.
  await rmdir(path.dirname(folder)).catch(() => undefined);
}

async function jobOf(
  { services, workDir }: ComposingDeps,
  rendition: Rendition,
  recording: Recording,
  output: string,
): Promise<ComposeJob> {
  const { layout, quality, audioOnly } = rendition;
  const copy = await services.copies.hold(recording.id, { restore: true });
  if (copy.kind === "failed") throw unusable(`the capture could not be fetched: ${copy.reason}`);
  if (copy.kind !== "here")
    throw new Away("the capture is being fetched from the store", { pauseMs: restoringMs });
  const state = await services.video.recordingState(refOf(recording)).catch((cause: unknown) => {
    if (isAppError(cause) && cause.blame === "provider")
      throw new Away("the video provider did not answer", { cause });
    throw cause;
  });
  if (state.status === "absent" && copy.isArchived) {
    await services.copies.lost(recording.id);
    throw new Away("the capture has to be fetched from the store", { pauseMs: restoringMs });
  }
  if (state.status !== "sealed" || state.captureDir === undefined)
    throw unusable(`the capture is not there to compose from (${state.status})`);
  return {
    captureDir: state.captureDir,
    output,
    layout,
    quality,
    audioOnly,
    composer: services.config.composer,
    threads: 0,
    // Slices are made by the bundled library; another encoder's would not fit together.
    ...(services.config.composer === "node-av"
      ? { sliceFolder: sliceFolder(workDir, recording.id, rendition) }
      : {}),
  };
}
