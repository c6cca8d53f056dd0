import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** One ended call of a public function. */
export interface ObservedCall {
  fn: string;
  kind: string;
  outcome: string;
  code?: string | undefined;
  ms: number;
}

/** Numbers read when somebody looks; labels → value. */
export interface Reading {
  labels: Record<string, string>;
  value: number;
}

export interface GaugeSource {
  /** Prometheus name, with unit suffix. */
  name: string;
  help: string;
  labelNames: readonly string[];
  read(): Promise<Reading[]> | Reading[];
}

export interface CounterDescription {
  /** Prometheus name, ends in `_total`. */
  name: string;
  help: string;
  /** What is told of each event that is counted. */
  labelName: string;
  /** Counted as 0 from the start, so that the first one is seen as a rise. */
  labels: readonly string[];
}

export interface Metrics {
  onCall(call: ObservedCall): void;
  /** A change reached a live client this long after it was committed, ms. */
  onDelivered(ms: number): void;
  addGauge(source: GaugeSource): void;
  /** @returns what counts one event under a label */
  addCounter<Label extends string>(
    counter: CounterDescription & { labels: readonly Label[] },
  ): (label: Label) => void;
  readonly contentType: string;
  /** Prometheus text. */
  text(): Promise<string>;
}

/** Seconds; from a cached read to a start that waits for its provider. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Sums of gauges beside them that a query makes as well, under names that Prometheus keeps for counters. */
const misnamed = [
  "nodejs_active_resources_total",
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const calls = new Histogram({
    name: "connvo_function_seconds",
    help: "Calls of public functions by outcome; the error code is empty on success",
    labelNames: ["fn", "kind", "outcome", "code"],
    buckets: latencyBuckets,
    registers: [registry],
  });
  const staleness = new Histogram({
    name: "connvo_live_staleness_seconds",
    help: "Time from a commit until what it changed was sent to a live client",
    buckets: latencyBuckets,
    registers: [registry],
  });
  return {
    onDelivered: (ms) => staleness.observe(ms / 1000),
    onCall: ({ fn, kind, outcome, code, ms }) =>
      calls.observe({ fn, kind, outcome, code: code ?? "" }, ms / 1000),
    addGauge: ({ name, help, labelNames, read }) => {
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [registry],
        async collect() {
          this.reset();
          for (const { labels, value } of await read()) this.set(labels, value);
        },
      });
    },
    addCounter: ({ name, help, labelName, labels }) => {
      const counter = new Counter({ name, help, labelNames: [labelName], registers: [registry] });
      for (const label of labels) counter.inc({ [labelName]: label }, 0);
      return (label) => counter.inc({ [labelName]: label });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
