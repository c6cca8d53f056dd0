import { expect, it } from "vitest";
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
