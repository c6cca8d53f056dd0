import type { cpus } from "node:os";
import { expect, it } from "vitest";
import { machineLoad } from "./machineLoad.ts";

type Cores = ReturnType<typeof cpus>;

const core = (user: number, nice: number, idle: number): Cores[number] => ({
  ...{ model: "test", speed: 1 },
  times: { user, sys: 0, irq: 0, nice, idle },
});

it("is the share of normal work since the last look, over all cores", () => {
  const looks: Cores[] = [
    [core(1000, 0, 0), core(1000, 0, 0)],
    [core(1010, 70, 20), core(1090, 0, 10)],
    [core(1010, 170, 20), core(1090, 100, 10)],
  ];
  const load = machineLoad(() => looks.shift() ?? []);
  const expected = process.platform === "linux" ? 0.5 : 0;
  expect(load()).toBeCloseTo(expected);
  expect(load()).toBe(0);
});

it("is nothing when no time has passed", () => {
  const load = machineLoad(() => [core(5, 5, 5)]);
  expect(load()).toBe(0);
});
