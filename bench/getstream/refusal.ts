import { isAppError } from "../../src/core/errors.ts";
import { startRecording } from "../../src/recordings/lifecycle/start.ts";
import { type Host, writeHosts } from "../hosts.ts";
import { runRaw, startOf } from "../rawStart.ts";
import { type Row, rowOf, units } from "../row.ts";
import type { Stage } from "../stage.ts";
import { StatementTape } from "../statementTape.ts";
import { compare, interleave, percentile } from "../statistics.ts";
import { openStreamParts, type StreamParts } from "./parts.ts";

/** How soon a start is refused while the breaker is open, against the raw driver saying the same to PostgreSQL. */
export async function benchRefusal(stage: Stage): Promise<Row[]> {
  const tape = new StatementTape();
  const parts = await openStreamParts(stage, 3_600_000);
  const { pool } = parts;
  await openBreaker(parts);
  const [taped] = await writeHosts(pool, 1);
  if (!taped) throw new Error("no hosts");
  const all = await tape.record(() => refused(parts, taped)).finally(() => tape.stop());
  const said = all.filter((transaction) => !transaction.some(({ text }) => /pg_notify/.test(text)));
  const count = stage.pick(400, 150);
  const ours = async () => p99(await writeHosts(pool, count), (host) => refused(parts, host));
  const raw = async () => {
    const hosts = await writeHosts(pool, count);
    return p99(
      hosts.map((host) => startOf(said, taped, host)),
      (start) => runRaw(pool, start),
    );
  };
  await interleave(1, ours, raw);
  return [
    rowOf({
      name: "start refused by an open breaker, p99",
      baseline: "raw pg, same SQL",
      comparison: compare(await interleave(stage.pick(5, 3), ours, raw)),
      format: units.milliseconds,
      aim: { of: "ours", most: 0.05 },
    }),
  ];
}

/** Stream fails until it is left alone. */
async function openBreaker({ standIn, services, pool }: StreamParts): Promise<void> {
  standIn.fault("GetCall", { kind: "status", status: 500, code: -1 }, 1_000);
  for (const { userId, meetingId } of await writeHosts(pool, 8))
    await startRecording(services, userId, { meetingId }).catch(() => undefined);
}

async function refused({ services }: StreamParts, { userId, meetingId }: Host): Promise<void> {
  const error: unknown = await startRecording(services, userId, { meetingId }).catch(
    (thrown: unknown) => thrown,
  );
  if (!isAppError(error) || error.metadata?.["breaker"] !== "open")
    throw new Error("the breaker is not open", { cause: error });
}

/** Of the times of one after the other, s. */
async function p99<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (const item of items) {
    const began = performance.now();
    await work(item);
    times.push((performance.now() - began) / 1000);
  }
  return percentile(times, 0.99);
}
