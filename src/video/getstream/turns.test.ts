import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("work of one key runs in order, one at a time, also after a failure", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const work =
    (name: string, fails = false) =>
    async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([
    turns.take("k", work("a", true)),
    turns.take("k", work("b")),
  ]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("keys do not wait for each other", async () => {
  const turns = new Turns();
  let release = () => {};
  const held = turns.take(
    "a",
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  await expect(turns.take("b", async () => "b")).resolves.toBe("b");
  release();
  await held;
});
