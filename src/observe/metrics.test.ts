import { expect, it } from "vitest";
import { addArchiveMetrics, addDeliveryMetrics } from "../app/backlogMetrics.ts";
import { addServerGauges } from "../app/gauges.ts";
import type { Database } from "../db/port.ts";
import { createMetrics } from "./metrics.ts";

it("counts calls by function, outcome and code", async () => {
  const metrics = createMetrics();
  metrics.onCall({ fn: "a/b:c", kind: "query", outcome: "ok", ms: 3 });
  metrics.onCall({ fn: "a/b:c", kind: "query", outcome: "refused", code: "NOT_FOUND", ms: 1 });
  const text = await metrics.text();
  expect(text).toContain(
    'connvo_function_seconds_count{fn="a/b:c",kind="query",outcome="ok",code=""} 1',
  );
  expect(text).toContain('outcome="refused",code="NOT_FOUND"} 1');
});

it("reads a gauge when asked, and forgets labels that are gone", async () => {
  const metrics = createMetrics();
  let state = "recording";
  metrics.addGauge({
    name: "connvo_recordings",
    help: "Recordings by state",
    labelNames: ["state"],
    read: () => [{ labels: { state }, value: 2 }],
  });
  expect(await metrics.text()).toContain('connvo_recordings{state="recording"} 2');
  state = "ready";
  const later = await metrics.text();
  expect(later).toContain('connvo_recordings{state="ready"} 2');
  expect(later).not.toContain('state="recording"');
});

it("counts from zero, so that the first event is seen as a rise", async () => {
  const metrics = createMetrics();
  const count = metrics.addCounter({
    ...{ name: "connvo_tries_total", help: "Tries", labelName: "outcome" },
    labels: ["good", "bad"],
  });
  count("good");
  count("good");
  const text = await metrics.text();
  expect(text).toContain('connvo_tries_total{outcome="good"} 2');
  expect(text).toContain('connvo_tries_total{outcome="bad"} 0');
});

/** What promtool's linter asks of names and texts (https://prometheus.io/docs/practices/naming/). */
function lint(text: string): string[] {
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({
    name,
    type,
  }));
  const helped = new Map(
    [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name, help]) => [name, help] as const),
  );
  return types.flatMap(({ name, type }) => [
    ...(helped.has(name) ? [] : [`${name}: no help text`]),
    ...(type === "counter" && !name.endsWith("_total")
      ? [`${name}: a counter ends in _total`]
      : []),
    ...(type !== "counter" && name.endsWith("_total")
      ? [`${name}: only a counter ends in _total`]
      : []),
    ...(type !== "histogram" && type !== "summary" && /_(count|sum|bucket)$/.test(name)
      ? [`${name}: a suffix of histograms`]
      : []),
    ...(/^[a-z][a-z0-9_]*$/.test(name) ? [] : [`${name}: not in snake_case`]),
    ...(/_(ms|milliseconds|millis|minutes|hours|kb|kib|mb|mib|kilobytes|megabytes|percent)(_|$)/.test(
      name,
    )
      ? [`${name}: not in a base unit`]
      : []),
    ...(name.split("_").includes(type) ? [`${name}: names its type`] : []),
  ]);
}

it("names everything as Prometheus wants it", async () => {
  const metrics = createMetrics();
  metrics.onCall({ fn: "a/b:c", kind: "query", outcome: "ok", ms: 3 });
  const db = { read: async () => ({ recordings: [], renditions: [] }) } as unknown as Database;
  const rooms = { stats: async () => ({ publishers: 1 }) };
  addServerGauges(metrics, { db, video: { breakers: () => [] }, rooms });
  const counts = { waiting: 1, oldestSeconds: 1, unarchived: 1, restoring: 1 };
  let reads = 0;
  const read = async () => {
    reads += 1;
    return counts;
  };
  const backlog = { read } as unknown as Database;
  addDeliveryMetrics(metrics, backlog);
  addArchiveMetrics(metrics, backlog);
  const text = await metrics.text();
  expect(text).toContain("# TYPE connvo_rooms gauge");
  expect(lint(text)).toEqual([]);
  // One of deliveries, one of captures, whatever is told of them.
  expect(reads).toBe(2);
});

it("finds names that are not", () => {
  const text = (name: string, type: string, help = "Text") =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  const bad = [
    text("calls", "counter"),
    text("calls_total", "gauge"),
    text("wait_ms", "gauge"),
    text("size_mib", "gauge"),
    text("calls_count", "gauge"),
    text("my_gauge", "gauge"),
    text("camelCase", "gauge"),
    "# TYPE silent gauge\n",
  ];
  expect(bad.map((one) => lint(one).length)).toEqual(bad.map(() => 1));
});

it("tells how late the event loop is", async () => {
  expect(await createMetrics().text()).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
});
