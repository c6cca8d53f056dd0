import { type FileHandle, open } from "node:fs/promises";

/** Whether the index (moov) stands before the media (mdat), so that playing can begin before the download has ended. */
export async function hasFaststart(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    return (
      (await topLevelBoxes(handle, size)).find((type) => type === "moov" || type === "mdat") ===
      "moov"
    );
  } finally {
    await handle.close();
  }
}

async function topLevelBoxes(handle: FileHandle, size: number): Promise<string[]> {
  const types: string[] = [];
  const head = Buffer.alloc(16);
  for (let at = 0; at + 8 <= size; ) {
    await handle.read(head, 0, 16, at);
    types.push(head.toString("latin1", 4, 8));
    const short = head.readUInt32BE(0);
    const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (length < 8) break;
    at += length;
  }
  return types;
}
