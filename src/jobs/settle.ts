import type { RecordingServices } from "../recordings/services.ts";
import { settleDue } from "../recordings/settle.ts";
import { type Loop, startLoop } from "./loop.ts";

/** Recordings looked at in one go; a full batch means that more may be due. */
const batch = 16;

/** Drives every recording past its deadline on, on every node at once. */
export function startSettleLoop(services: RecordingServices): Loop {
  return startLoop({
    name: "settle",
    idleMs: 1_000,
    clock: services.clock,
    log: services.log,
    work: async () => (await settleDue(services, batch)) === batch,
  });
}
