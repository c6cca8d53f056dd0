import { orThrow } from "../../core/result.ts";
import type { Tx } from "../../db/port.ts";
import { lockUserRow } from "../profiles/store.ts";
import { chosenKeys, mostInterests } from "./rules.ts";
import { catalogueKeys, ownInterests, replaceInterests } from "./store.ts";

/**
 * Makes these keys a user's interests: of the catalogue, or their own that they have already.
 * @throws AppError VALIDATION_ERROR with `field`
 */
export async function updateInterests(
  tx: Tx,
  userId: string,
  keys: readonly string[],
): Promise<void> {
  await lockUserRow(tx, userId);
  // One more than fits is enough to refuse the list: the database is not asked about what a stranger makes long.
  const catalogue = await catalogueKeys(tx, keys.slice(0, mostInterests + 1));
  const chosen = orThrow(chosenKeys(keys, catalogue, await ownInterests(tx, userId)));
  await replaceInterests(tx, userId, chosen);
}
