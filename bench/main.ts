import { cpus, loadavg, totalmem } from "node:os";
import { Command } from "commander";
import { notRun, type Row } from "./row.ts";
import { Stage } from "./stage.ts";
import { table } from "./table.ts";

type Benchmark = (stage: Stage) => Promise<Row[]>;

/** Name on the command line → the benchmark; loaded when it is its turn. */
const benchmarks: Record<string, () => Promise<Benchmark>> = {
  query: async () => (await import("./query.ts")).benchQuery,
  starts: async () => (await import("./starts.ts")).benchStarts,
  firstPacket: async () => (await import("./firstPacket.ts")).benchFirstPacket,
  capture: async () => (await import("./captureCpu.ts")).benchCaptureCpu,
  forward: async () => (await import("./forward.ts")).benchForward,
  compose: async () => (await import("./compose.ts")).benchCompose,
  slices: async () => (await import("./slices.ts")).benchSlices,
  playback: async () => (await import("./playback.ts")).benchPlayback,
  startup: async () => (await import("./startup.ts")).benchStartup,
  notes: async () => (await import("./notes.ts")).benchNotes,
  captions: async () => (await import("./captions.ts")).benchCaptions,
  search: async () => (await import("./search.ts")).benchSearch,
  live: async () => (await import("./live/live.ts")).benchLive,
  pageLoad: async () => (await import("./pageLoad.ts")).benchPageLoad,
  attack: async () => (await import("./attack.ts")).benchAttack,
  streamStarts: async () => (await import("./getstream/starts.ts")).benchStreamStarts,
  streamRefusal: async () => (await import("./getstream/refusal.ts")).benchRefusal,
  streamWebhooks: async () => (await import("./getstream/webhooks.ts")).benchStreamWebhooks,
  streamIngest: async () => (await import("./getstream/ingest.ts")).benchStreamIngest,
  memory: async () => (await import("./memory.ts")).benchMemory,
};

const say = (text: string) => process.stderr.write(`  ${text}\n`);

async function main(wanted: readonly string[], quick: boolean): Promise<void> {
  const unknown = wanted.filter((name) => !Object.hasOwn(benchmarks, name));
  if (unknown.length > 0)
    throw new Error(`no row is called ${unknown[0]}; rows: ${Object.keys(benchmarks).join(", ")}`);
  const [began, load] = [performance.now(), loadNow()];
  if (Number(load) > 1) say(`the machine is busy already (load ${load}): take the figures lightly`);
  const rows: Row[] = [];
  for (const [name, open] of Object.entries(benchmarks)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stderr.write(`${name}\n`);
    rows.push(...(await run(name, await open(), quick)));
  }
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const circumstances = `${machine()}, load ${load} before and ${loadNow()} after, ${took}`;
  process.stdout.write(`${circumstances}\n\n${table(rows)}\n`);
}

/** Processes running or waiting to, averaged over the last minute. */
const loadNow = () => (loadavg()[0] ?? 0).toFixed(1);

let stage: Stage | undefined;

async function run(name: string, benchmark: Benchmark, quick: boolean): Promise<Row[]> {
  stage = new Stage({ quick, say });
  try {
    return await benchmark(stage);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return [notRun(name, "it failed, see above")];
  } finally {
    await stage.close();
  }
}

function machine(): string {
  const [cpu] = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return `${cpus().length} × ${cpu?.model.trim()}, ${memory}, Node ${process.versions.node}`;
}

const program = new Command("npm run bench --")
  .description("Measures Connvo against plain software doing the same, and prints one table")
  .argument("[rows...]", `any of: ${Object.keys(benchmarks).join(", ")}; all without`)
  .option("--quick", "fewer and shorter rounds")
  .action(async (rows: string[], { quick = false }: { quick?: boolean }) => {
    await main(rows, quick);
    // Nothing is left to do; the threads of the WebRTC library would keep this process alive.
    process.exit();
  });

program.command("bare-server <options>", { hidden: true }).action(async (options: string) => {
  const { serveBare } = await import("./bareServer.ts");
  await serveBare(JSON.parse(options));
});

program.command("broadcast <options>", { hidden: true }).action(async (options: string) => {
  const { serveBroadcast } = await import("./live/broadcast.ts");
  await serveBroadcast(JSON.parse(options));
});

program.command("copy <options>", { hidden: true }).action(async (options: string) => {
  const { copy } = await import("./getstream/copyProcess.ts");
  await copy(JSON.parse(options));
});

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    void (stage?.close() ?? Promise.resolve()).finally(() => process.exit(130));
  });

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
