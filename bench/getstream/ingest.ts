import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { benchProgram, plainEnvironment, startChild } from "../childProcess.ts";
import { type Row, rowOf, units } from "../row.ts";
import type { Stage } from "../stage.ts";
import { compare, interleave, median } from "../statistics.ts";
import type { CopyFound, CopyOptions } from "./copyProcess.ts";

const chunk = Buffer.alloc(2 ** 20, 7);

/** A recording of Stream's into our storage, against the same client's answer written into a file. */
export async function benchStreamIngest(stage: Stage): Promise<Row[]> {
  const megabytes = stage.pick(2_048, 256);
  const url = await serveFile(stage, megabytes);
  const memory: Record<CopyOptions["how"], number[]> = { ingest: [], plain: [] };
  const copy = async (how: CopyOptions["how"]) => {
    const folder = await stage.folder();
    const options: CopyOptions = { how, url, folder };
    const { said, stop } = await startChild(
      [benchProgram, "copy", JSON.stringify(options)],
      plainEnvironment(),
      (line) => JSON.parse(line) as CopyFound,
    );
    await stop();
    memory[how].push(said.peakBytes);
    return megabytes / said.seconds;
  };
  stage.say(`a file of ${megabytes} MiB`);
  const rounds = await interleave(
    stage.pick(3, 2),
    () => copy("ingest"),
    () => copy("plain"),
  );
  const size = megabytes >= 1024 ? `${megabytes / 1024} GiB` : `${megabytes} MiB`;
  const baseline = "the same client into a file";
  return [
    rowOf({
      ...{ name: `ingest of ${size}`, baseline, comparison: compare(rounds) },
      format: (rate) => `${rate.toFixed(0)} MiB/s`,
      aim: { of: "ratio", least: 0.4 },
    }),
    rowOf({
      ...{ name: `ingest of ${size}, most memory`, baseline },
      comparison: compare([{ ours: median(memory.ingest), baseline: median(memory.plain) }]),
      format: units.mebibytes,
      aim: { of: "ratio", most: 1.5 },
    }),
  ];
}

async function serveFile(stage: Stage, megabytes: number): Promise<string> {
  const server = createServer(async (_request, response) => {
    const length = String(megabytes * chunk.length);
    response.writeHead(200, { "content-length": length, etag: '"bench"' });
    for (let sent = 0; sent < megabytes && !response.destroyed; sent++)
      if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.own("files", async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.mp4`;
}
