import type { Server } from "node:net";
import { setImmediate } from "node:timers/promises";

/** Turns of the event loop that are waited for at most: where connections never cease, a close has to begin all the same. */
const mostTurns = 2000;

/** In a turn that took longer somebody may have connected after the loop looked, ms. */
const shortTurnMs = 0.2;

/**
 * Resolves when every connection that the kernel has made for `server` has been handed to it. Closing resets those that have not: their
 * clients see a broken connection in place of an answer. One connection is handed over in a turn (libuv ≥ 1.45, `uv__server_io`).
 */
export async function waitingConnections(server: Server): Promise<void> {
  let connections = 0;
  const count = () => void connections++;
  server.on("connection", count);
  for (let turn = 0; turn < mostTurns; turn++) {
    const before = connections;
    const began = performance.now();
    await setImmediate();
    if (connections === before && performance.now() - began < shortTurnMs) break;
  }
  server.off("connection", count);
}
