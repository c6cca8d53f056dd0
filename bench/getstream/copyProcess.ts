import { createWriteStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { download } from "../../src/net/download.ts";
import { outbound } from "../../src/net/outbound.ts";
import { createFileStorage } from "../../src/storage/file/fileStorage.ts";

export interface CopyOptions {
  /** As recordings come into our storage, or no more than the bytes into a file. */
  how: "ingest" | "plain";
  url: string;
  folder: string;
}

export interface CopyFound {
  seconds: number;
  /** Resident set size at most. */
  peakBytes: number;
}

/** Copies in a process of its own, whose memory is nothing else's. */
export async function copy({ how, url: address, folder }: CopyOptions): Promise<void> {
  const url = new URL(address);
  const send = outbound({ silenceMs: 30_000, trustedOrigins: [url.origin] });
  const file = path.join(folder, "file.download");
  const began = performance.now();
  if (how === "plain") await pipeline(await send(url, {}), createWriteStream(file));
  else {
    await download(url, file, { send, maxBytes: 2 ** 40 });
    const key = "recordings/recording_00000000000000000000000000/rendition.mp4";
    await createFileStorage(folder).putFile(key, file);
  }
  const seconds = (performance.now() - began) / 1000;
  const found: CopyFound = { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
