import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { WhipPublisher } from "../../../src/synth/transport/whipPublisher.ts";
import { addEvidence } from "./scope.ts";

/** File of what one publisher sent. */
export const sentLogName = "sent.json";

/** Has what somebody sends kept with a failure; `name` is how the recording calls them. */
export function keepSent(name: string, publisher: WhipPublisher): void {
  addEvidence({
    name: `sent by ${name}`,
    collect: async (folder) => {
      const { state, stats, sentFrames: frames } = publisher;
      const text = JSON.stringify({ name, state, stats, frames }, undefined, 1);
      await writeFile(path.join(folder, sentLogName), text);
    },
  });
}
