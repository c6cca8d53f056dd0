import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Log } from "../core/log.ts";
import { commitChannel } from "./commitNotifier.ts";
import { type ConnectionTarget, connectDirectly } from "./connection.ts";
import type { DataKey } from "./port.ts";

const reconnectMs = 500;

/**
 * Calls `onCommit` with the keys of each notified commit, over a connection of its own that is made again when lost.
 * @returns what ends it.
 */
export async function listenForCommits(
  options: { connection: ConnectionTarget; log: Log },
  onCommit: (keys: DataKey[]) => void,
): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  let client = await subscribe(options.connection, onCommit);
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await ended(client);
      if (stopping.signal.aborted) return;
      options.log.warn({}, "commit listener lost its connection; reconnecting");
      while (!stopping.signal.aborted) {
        const again = await subscribe(options.connection, onCommit).catch(() => undefined);
        if (again) {
          client = again;
          break;
        }
        await sleep(reconnectMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  })();
  return async () => {
    stopping.abort();
    await client.end().catch(() => undefined);
    await running;
  };
}

async function subscribe(
  connection: ConnectionTarget,
  onCommit: (keys: DataKey[]) => void,
): Promise<pg.Client> {
  const client = await connectDirectly(connection);
  client.on("notification", ({ payload }) => onCommit(JSON.parse(payload ?? "[]") as DataKey[]));
  await client.query(`LISTEN ${commitChannel}`);
  return client;
}

const ended = (client: pg.Client) => new Promise<void>((resolve) => client.once("end", resolve));
