import { expect, test } from "vitest";
import { namedStatement } from "./port.ts";

test("named parameters are numbered in the order in which they come, and casts left alone", () => {
  const insert = namedStatement<object, { id: string; at: number; data: string }>(
    "sample.insert",
    "INSERT INTO t VALUES (:at::int8, :id, :data::jsonb, to_timestamp(:at))",
  );
  expect(insert.text).toBe("INSERT INTO t VALUES ($1::int8, $2, $3::jsonb, to_timestamp($1))");
  expect(insert.bind({ id: "a", at: 7, data: "{}" })).toEqual([7, "a", "{}"]);
});
