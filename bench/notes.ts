import { applyOperation } from "../src/notes/apply.ts";
import { writeLimits } from "../src/notes/rules.ts";
import { benchDatabase } from "./database.ts";
import { type Host, writeHosts } from "./hosts.ts";
import { rate } from "./rate.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, interleave } from "./statistics.ts";

/** Meetings that are written in at once, by one person each. */
const loads = [1, 16];
/** Of one person: as many as may be written in a minute. */
const operationsEach = writeLimits.operations;
const poolSize = 16;
/** Notes as they are: some pages of text. */
const length = 5_000;

/** Operations on notes a second, against the same text stored by plain SQL that looks at nothing. */
export async function benchNotes(stage: Stage): Promise<Row[]> {
  const { db, pool } = await benchDatabase(stage, await stage.folder(), poolSize);
  await pool.query("CREATE TABLE bare_notes (meeting_id text PRIMARY KEY, content text NOT NULL)");
  await pool.query("CREATE TABLE bare_log (meeting_id text, sequence bigint, content text)");

  const begun = async (meetings: number): Promise<Host[]> => {
    const hosts = await writeHosts(pool, meetings);
    const ids = hosts.map(({ meetingId }) => meetingId);
    const text = "x".repeat(length);
    await pool.query(
      "INSERT INTO meeting_notes (meeting_id, content) SELECT id, $2 FROM unnest($1::text[]) id",
      [ids, text],
    );
    await pool.query("INSERT INTO bare_notes SELECT id, $2 FROM unnest($1::text[]) id", [
      ids,
      text,
    ]);
    return hosts;
  };
  /** Each person writes one operation after the other; all persons at once. */
  const perSecond = async (
    meetings: number,
    write: (host: Host, sequence: number) => Promise<unknown>,
  ) => {
    const hosts = await begun(meetings);
    const people = await rate(meetings, hosts, async (host) => {
      for (let sequence = 0; sequence < operationsEach; sequence += 1) await write(host, sequence);
    });
    return people * operationsEach;
  };
  const ours = (meetings: number) => () =>
    perSecond(meetings, (host, clientSequence) =>
      db.transaction((tx) =>
        applyOperation(tx, host, {
          clientSequence,
          operation: { type: "insert", position: clientSequence, content: "y" },
        }),
      ),
    );
  const bare = (meetings: number) => () =>
    perSecond(meetings, async ({ meetingId }, sequence) => {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        await client.query({
          name: "bare.append",
          text: "INSERT INTO bare_log VALUES ($1, $2, $3)",
          values: [meetingId, sequence, "y"],
        });
        await client.query({
          name: "bare.write",
          text: "UPDATE bare_notes SET content = content || $2 WHERE meeting_id = $1",
          values: [meetingId, "y"],
        });
        await client.query("COMMIT");
      } finally {
        client.release();
      }
    });

  const rows: Row[] = [];
  for (const meetings of loads) {
    stage.say(`operations on notes, ${meetings} at once`);
    // Connections opened, statements prepared, code compiled.
    await interleave(1, ours(meetings), bare(meetings));
    const comparison = compare(await interleave(stage.pick(5, 3), ours(meetings), bare(meetings)));
    rows.push(
      rowOf({
        name: `operations on notes, ${meetings} at once`,
        baseline: "bare append, raw pg",
        comparison,
        format: units.perSecond,
        aim: { of: "ratio", least: 0.25 },
      }),
    );
  }
  return rows;
}
