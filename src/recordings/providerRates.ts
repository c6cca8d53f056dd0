import { statement, type Tx } from "../db/port.ts";
import type { ProviderRate } from "../video/port.ts";

/** Servers are answered in any order: of one window the least is the latest. */
const note = statement(
  "providerRates.note",
  `INSERT INTO provider_rates AS r (endpoint, per_window, remaining, resets_at)
   VALUES ($1, $2, $3, app_now() + $4 * interval '1 millisecond')
   ON CONFLICT (endpoint) DO UPDATE
     SET per_window = EXCLUDED.per_window, remaining = EXCLUDED.remaining, resets_at = EXCLUDED.resets_at
   WHERE EXCLUDED.resets_at > r.resets_at + interval '2 seconds'
     OR (EXCLUDED.remaining < r.remaining AND EXCLUDED.resets_at > r.resets_at - interval '2 seconds')`,
);

/** Keeps what a provider said of its rate, for the pace of all nodes (`asking`). */
export async function noteRate(tx: Tx, rate: ProviderRate): Promise<void> {
  const { endpoint, limit, remaining, leftMs } = rate;
  await tx.run(note, [endpoint, limit, remaining, Math.ceil(leftMs)]);
}
