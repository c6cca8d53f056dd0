import { expect, it } from "vitest";
import type { RequestError } from "../replies/requestError.ts";
import { BodyBudget } from "./bodyBudget.ts";

const budget = () => new BodyBudget({ totalBytes: 100, callerBytes: 60 });

function hold(on: BodyBudget, caller: string) {
  const refused: RequestError[] = [];
  return { ...on.hold(caller, (error) => refused.push(error)), refused };
}

const codes = (body: { refused: RequestError[] }) => body.refused.map((one) => one.statusCode);

it("refuses who passes the own share, and nobody else", () => {
  const on = budget();
  const [first, second, other] = [hold(on, "a"), hold(on, "a"), hold(on, "b")];
  first.take(50);
  second.take(20);
  other.take(40);
  expect([first, second, other].map(codes)).toEqual([[], [429], []]);
  expect(on.bytes).toBe(90);
});

it("makes whoever holds most give way when all together hold too much", () => {
  const on = budget();
  const [large, small, late] = [hold(on, "a"), hold(on, "a"), hold(on, "b")];
  large.take(40);
  small.take(15);
  late.take(50);
  expect([large, small, late].map(codes)).toEqual([[503], [], []]);
  expect(on.bytes).toBe(65);
  expect(large.refused[0]).toMatchObject({ code: "Overloaded", headers: { "retry-after": "1" } });
});

it("keeps nothing of bodies that are gone, refused or released twice", () => {
  const on = budget();
  const [one, two] = [hold(on, "a"), hold(on, "a")];
  one.take(30);
  two.take(40);
  two.take(40);
  for (const body of [one, two, one, two]) body.release();
  expect(on.bytes).toBe(0);
  const again = hold(on, "a");
  again.take(70);
  expect(codes(again)).toEqual([]);
});
