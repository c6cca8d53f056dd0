import type { Database, ReadTx, Statement, Tx } from "../../src/db/port.ts";
import type { Storage } from "../../src/storage/port.ts";
import type { VideoProvider } from "../../src/video/port.ts";
import { never } from "./network.ts";
import type { Node } from "./node.ts";
import { inside } from "./virtualTime.ts";
import { type CampaignPlace, placeNow, type World } from "./world.ts";

/** A server was killed in the middle of it: its transaction never committed. */
class Killed extends Error {}

const writes = /\b(INSERT INTO|UPDATE \w+ (\w+ )?SET|DELETE FROM)\b/;

/** The database as one server has it: time stands still over it, and who dies leaves transactions undone. */
export function databaseOf(world: World, node: Node): Database {
  const { db } = world;
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (node.isDead) return never();
    try {
      const value = await world.real(() =>
        inside.exit(async () => {
          await world.tellDatabase();
          return work();
        }),
      );
      return node.isDead ? never() : value;
    } catch (error) {
      if (node.isDead) return never();
      throw error;
    }
  };
  const within = <T>(place: CampaignPlace | undefined, work: () => Promise<T>) =>
    place ? inside.run(place, work) : work();
  return {
    read: (work) => {
      const place = placeNow();
      return run(() => db.read((tx) => within(place, () => work(reading(tx, node)))));
    },
    transaction: async (work) => {
      const place = placeNow();
      let said: string[] = [];
      let effects: (() => void | Promise<void>)[] = [];
      const value = await run(() =>
        db
          .transaction((tx) => {
            said = [];
            effects = [];
            return within(place, async () => {
              const done = await work(writing(tx, node, said, effects));
              if (said.some((name) => world.passes(node, `tx ${name} before`))) throw new Killed();
              return done;
            });
          })
          // What a server has committed stands, though it died over it.
          .finally(() => world.version++),
      );
      if (said.length > 0) world.tell(`committed: ${said.join(", ")}`);
      noteWrites(world, place, said);
      if (said.some((name) => world.passes(node, `tx ${name} after`))) return never();
      for (const effect of effects) await Promise.resolve(effect()).catch(() => undefined);
      return value;
    },
    listen: (onCommit) => db.listen(onCommit),
    ping: () => db.ping(),
    close: async () => undefined,
  };
}

function noteWrites(world: World, place: CampaignPlace | undefined, said: string[]): void {
  if (place?.caller === undefined) return;
  const written = world.written.get(place.caller) ?? new Set();
  for (const name of said) written.add(name);
  world.written.set(place.caller, written);
}

function reading(tx: ReadTx, node: Node): ReadTx {
  return {
    all: (statement, values) => {
      requireAlive(node);
      return tx.all(statement, values);
    },
    first: (statement, values) => {
      requireAlive(node);
      return tx.first(statement, values);
    },
    reads: (...keys) => tx.reads(...keys),
  };
}

/** Notes the statements that changed or took something. */
function writing(tx: Tx, node: Node, said: string[], effects: (() => void | Promise<void>)[]): Tx {
  const note = (statement: Statement<unknown>, values: readonly unknown[] = [], rows: number) => {
    if (rows === 0 || !writes.test(statement.text)) return;
    const { name } = statement;
    // Its first parameter is the state it moves to.
    said.push(name === "recordings.advance" ? `${name}:${values[0]}` : name);
  };
  return {
    all: async (statement, values) => {
      requireAlive(node);
      const rows = await tx.all(statement, values);
      note(statement, values, rows.length);
      return rows;
    },
    first: async (statement, values) => {
      requireAlive(node);
      const row = await tx.first(statement, values);
      note(statement, values, row === undefined ? 0 : 1);
      return row;
    },
    run: async (statement, values) => {
      requireAlive(node);
      const rows = await tx.run(statement, values);
      note(statement, values, rows);
      return rows;
    },
    reads: (...keys) => tx.reads(...keys),
    writes: (...keys) => tx.writes(...keys),
    afterCommit: (effect) => {
      effects.push(effect);
    },
  };
}

function requireAlive(node: Node): void {
  if (node.isDead) throw new Killed();
}

/** The storage as one server has it. */
export function storageOf(world: World, node: Node, storage: Storage): Storage {
  const real = async <T>(work: () => Promise<T>): Promise<T> => {
    if (node.isDead) return never();
    const value = await world.real(() => inside.exit(work));
    return node.isDead ? never() : value;
  };
  return {
    ...storage,
    putFile: async (key, file) => {
      const stored = await real(() => storage.putFile(key, file));
      return world.passes(node, "file put after") ? never() : stored;
    },
    delete: (key) => real(() => storage.delete(key)),
  };
}

/** The same provider; what it sends for a start is known to be of that recording. */
export function attributed(provider: VideoProvider): VideoProvider {
  const startRecording: VideoProvider["startRecording"] = (request, signal) => {
    const place = placeNow();
    const { recordingId } = request;
    return inside.run({ ...place, recordingId } as CampaignPlace, () =>
      provider.startRecording(request, signal),
    );
  };
  return new Proxy(provider, {
    get: (target, name) => {
      if (name === "startRecording") return startRecording;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
