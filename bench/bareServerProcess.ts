import type { BareAddresses, BareServerOptions } from "./bareServer.ts";
import { type Announced, benchProgram, plainEnvironment, startChild } from "./childProcess.ts";
import type { Stage } from "./stage.ts";

/** Starts the baseline in a process of its own, like the product; gone with the stage. */
export async function ownBareServer(
  stage: Stage,
  options: BareServerOptions,
): Promise<Announced<BareAddresses>> {
  const server = await startChild(
    [benchProgram, "bare-server", JSON.stringify(options)],
    plainEnvironment(),
    (line) => JSON.parse(line) as BareAddresses,
  );
  stage.own("bare server", () => server.stop());
  return server;
}
