import fc from "fast-check";
import type { Fault } from "../../src/synth/getstream/faults.ts";
import { anywhere, needsOf, type PointName, pointNames } from "./points.ts";
import { type Action, faultyOperations, type Schedule, type Step } from "./schedule.ts";

const seconds = (least: number, most: number) =>
  fc.integer({ min: least * 1000, max: most * 1000 });
const weighted = <T>(...choices: [number, T][]) =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/** The first of each list is what shrinking goes towards: as if nothing were amiss. */
const gap = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 5, arbitrary: seconds(0, 8) },
  { weight: 4, arbitrary: seconds(5, 60) },
  { weight: 1, arbitrary: seconds(60, 1_200) },
);
const downMs = fc.oneof(
  { weight: 4, arbitrary: seconds(0, 5) },
  { weight: 1, arbitrary: seconds(5, 60) },
);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant("hang" as const), accept: fc.boolean() }),
  fc.record({ kind: fc.constant("drop" as const), accept: fc.boolean() }),
  fc.record({
    kind: fc.constant("html" as const),
    status: fc.constantFrom(502, 503),
    accept: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("status" as const),
    status: fc.constant(500),
    code: fc.constant(-1),
    accept: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("delay" as const), ms: seconds(1, 20) }),
  fc.constant<Fault>({ kind: "malformed" }),
  // Its window ends soon: the time is made one when it is set.
  fc.record({ kind: fc.constant("rateLimit" as const), resetAt: seconds(1, 50) }),
);

const times = weighted([6, 1], [1, 2], [1, 4]);
const faulty: fc.Arbitrary<Action> = fc.record({
  do: fc.constant("fault" as const),
  // Starts and stops are what a doubt is worst about.
  operation: fc.constantFrom(
    ...faultyOperations,
    ...(["StartRecording", "StartRecording", "StartRecording", "StopRecording"] as const),
  ),
  fault,
  times: weighted([5, 1], [2, 2], [1, 3], [1, 5]),
});
const point: fc.Arbitrary<PointName> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...pointNames) },
  { weight: 1, arbitrary: fc.constant(anywhere) },
);
const crash: fc.Arbitrary<Action> = fc
  .record({ point, far: fc.nat(60), near: weighted([5, 0], [1, 1], [1, 3]), downMs })
  .map(({ point: name, far, near, downMs: down }) => ({
    do: "crashAt",
    ...{ point: name, after: name === anywhere ? far : near, downMs: down },
  }));

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ do: fc.constant("start" as const), times, audioOnly: weighted([5, false], [1, true]) },
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("stop" as const), times }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), times }) },
  { weight: 1, arbitrary: fc.constantFrom<Action>({ do: "leave" }, { do: "endMeeting" }) },
  { weight: 2, arbitrary: fc.constant<Action>({ do: "join" }) },
  { weight: 1, arbitrary: fc.constant<Action>({ do: "loseCapture" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("refused" as const),
      who: fc.constantFrom("participant" as const, "stranger" as const, "nobody" as const),
      what: fc.constantFrom(
        "start" as const,
        "stop" as const,
        "delete" as const,
        "endMeeting" as const,
      ),
    }),
  },
  { weight: 5, arbitrary: faulty },
  { weight: 3, arbitrary: crash },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), downMs }) },
);

const step = fc
  .record({ afterMs: gap, action })
  .map(({ afterMs, action: one }) => ({ afterMs, ...one }));
const armed = fc
  .record({ afterMs: gap, action: fc.oneof(faulty, crash, crash) })
  .map(({ afterMs, action: one }) => ({ afterMs, ...one }));

/** A sender whose every connection breaks at once would be asked for weeks. */
const inTheEndWhole = (cuts: number[]) => (cuts.every((cut) => cut === 1) ? [...cuts, 0] : cuts);

const list = <T>(one: fc.Arbitrary<T>, most = 5) =>
  fc.array(one, { minLength: 1, maxLength: most });

/** What may happen. */
export const schedules: fc.Arbitrary<Schedule> = fc.noBias(
  fc
    .record({
      nodes: weighted([2, 1], [1, 2]),
      stream: fc.record({
        aheadMs: fc.constantFrom(0, 0, 0, 700, -700, 3_000, -3_000, 15_000, -15_000),
        captureMs: list(seconds(0, 6)),
        fileMs: list(
          fc.oneof(
            { weight: 4, arbitrary: seconds(1, 90) },
            { weight: 3, arbitrary: seconds(90, 1_200) },
            { weight: 1, arbitrary: seconds(7_000, 30_000) },
          ),
        ),
        latencyMs: list(fc.integer({ min: 1, max: 400 }), 8),
        tellsAfterMs: list(
          fc.oneof(
            { weight: 5, arbitrary: fc.array(seconds(0, 2), { minLength: 1, maxLength: 2 }) },
            { weight: 3, arbitrary: fc.constant<number[]>([]) },
            { weight: 1, arbitrary: fc.array(seconds(10, 4_000), { minLength: 1, maxLength: 3 }) },
          ),
        ),
        gzip: fc.boolean(),
        cutFileAfter: list(weighted([4, 0], [1, 1], [1, 4_000]), 3).map(inTheEndWhole),
      }),
      receiver: fc.record({
        answers: list(
          weighted(
            [5, "taken" as const],
            [1, "failed" as const],
            [1, "silent" as const],
            [1, "lost" as const],
          ),
        ),
      }),
      before: fc.array(armed, { maxLength: 2 }),
      first: fc.record({ afterMs: gap, audioOnly: weighted([5, false], [1, true]) }),
      steps: fc.array(step, { maxLength: 12 }),
      perMinute: weighted([6, 0], [1, 20], [1, 60]),
    })
    .map(({ before, first, steps, perMinute, stream, ...manners }) => {
      const start: Step = { do: "start", times: 1, ...first };
      return {
        ...manners,
        stream: perMinute === 0 ? stream : { ...stream, perMinute },
        steps: withNeeds([...before, start, ...steps]),
      };
    }),
);

/** What a crash needs to come by its point comes at the end, if it is not there. */
function withNeeds(steps: Step[]): Step[] {
  const wanted = new Set(steps.flatMap((one) => (one.do === "crashAt" ? needsOf(one.point) : [])));
  const more: Step[] = [];
  if (wanted.has("stop")) more.push({ do: "stop", times: 1, afterMs: 5_000 });
  if (wanted.has("delete")) more.push({ do: "delete", times: 1, afterMs: 120_000 });
  if (wanted.has("endMeeting")) more.push({ do: "endMeeting", afterMs: 5_000 });
  return [...steps, ...more];
}

/** The schedule of a seed. */
export function drawSchedule(seed: number): Schedule {
  const [schedule] = fc.sample(schedules, { seed, numRuns: 1 });
  if (!schedule) throw new Error("nothing was drawn");
  return schedule;
}
