import { expect, it } from "vitest";
import { loadConfig } from "../../config/config.ts";
import { retentionOf } from "./expire.ts";

it.each([
  [{}, { free: null, paid: null }],
  [{ CONNVO_KEEP_RECORDINGS_DAYS: "" }, { free: null, paid: null }],
  [{ CONNVO_KEEP_RECORDINGS_DAYS: "30" }, { free: 30, paid: 30 }],
  [{ CONNVO_KEEP_FREE_RECORDINGS_DAYS: "7" }, { free: 7, paid: null }],
  [
    { CONNVO_KEEP_RECORDINGS_DAYS: "30", CONNVO_KEEP_PAID_RECORDINGS_DAYS: "365" },
    { free: 30, paid: 365 },
  ],
  [
    { CONNVO_KEEP_RECORDINGS_DAYS: "30", CONNVO_KEEP_PAID_RECORDINGS_DAYS: "0" },
    { free: 30, paid: null },
  ],
])("%j keeps each plan's recordings for so many days", (env, retention) => {
  expect(retentionOf(loadConfig(env))).toEqual(retention);
});
