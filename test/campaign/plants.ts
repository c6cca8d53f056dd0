import { isAppError } from "../../src/core/errors.ts";
import type { SqlValue, Statement, Tx } from "../../src/db/port.ts";
import type { RecordingStartRequest, VideoProvider } from "../../src/video/port.ts";
import type { Node, Plant } from "./node.ts";
import { inside } from "./virtualTime.ts";
import { type CampaignPlace, placeNow } from "./world.ts";

/** Faults that the campaign has to find: made of wrappers around ports, so that the product knows nothing of them. */
export const plants = {
  /** A start that was not answered is sent again, and nobody looks first. */
  blindRetry: { provider: retryingBlindly },
  /** The provider is asked before there is a row. */
  rowAfterStart: rowAfterStart(),
} satisfies Record<string, Plant>;
export type PlantName = keyof typeof plants;

function retryingBlindly(provider: VideoProvider): VideoProvider {
  const startRecording: VideoProvider["startRecording"] = async (request, signal) => {
    try {
      return await provider.startRecording(request, signal);
    } catch (error) {
      if (!isAppError(error) || error.metadata?.["outcome"] === "none") throw error;
      const place = placeNow();
      if (place)
        await inside.run({ ...place, recordingId: request.recordingId } as CampaignPlace, () =>
          send(request),
        );
      throw error;
    }
  };
  return over(provider, { startRecording });
}

/** As an HTTP client does that repeats whatever failed. */
async function send({ roomId }: RecordingStartRequest): Promise<void> {
  const { world } = placeNow() ?? {};
  if (!world) return;
  const path = `/api/v2/video/call/default/${roomId}/recordings/composite/start`;
  const token = world.serverToken;
  await fetch(`${world.stream.url}${path}?api_key=${world.stream.credentials.apiKey}`, {
    method: "POST",
    headers: {
      authorization: token,
      "stream-auth-type": "jwt",
      "content-type": "application/json",
    },
    body: "{}",
  }).catch(() => undefined);
}

/** Admissions are taken back, and made again once the provider has answered. */
function rowAfterStart(): Plant {
  class TakenBack extends Error {}
  const held = new WeakMap<Node, { statement: Statement<unknown>; values: SqlValue[] }[]>();
  const later = (node: Node) => {
    const list = held.get(node) ?? [];
    held.set(node, list);
    return list;
  };
  return {
    database: (db, node) => ({
      ...db,
      transaction: async (work) => {
        let value: { is: Awaited<ReturnType<typeof work>> } | undefined;
        try {
          return await db.transaction(async (tx) => {
            const inserts: { statement: Statement<unknown>; values: SqlValue[] }[] = [];
            const done = await work(watching(tx, inserts));
            if (inserts.length === 0) return done;
            later(node).push(...inserts);
            value = { is: done };
            throw new TakenBack();
          });
        } catch (error) {
          if (error instanceof TakenBack && value) return value.is;
          throw error;
        }
      },
    }),
    provider: (provider, node) =>
      over(provider, {
        startRecording: async (request, signal) => {
          try {
            return await provider.startRecording(request, signal);
          } finally {
            const inserts = later(node).splice(0);
            await node.plain.transaction(async (tx) => {
              for (const { statement, values } of inserts) await tx.all(statement, values);
            });
          }
        },
      }),
  };
}

function watching(tx: Tx, inserts: { statement: Statement<unknown>; values: SqlValue[] }[]): Tx {
  return {
    ...tx,
    first: (statement, values = []) => {
      if (statement.name === "recordings.insert") inserts.push({ statement, values: [...values] });
      return tx.first(statement, values);
    },
  };
}

function over(provider: VideoProvider, change: Partial<VideoProvider>): VideoProvider {
  return new Proxy(provider, {
    get: (target, name) => Reflect.get(change, name) ?? Reflect.get(target, name),
  });
}
