import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readSlice, type SlicePacket, SliceWriter } from "./sliceFile.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "connvo-slice-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const head = { fromFrame: 480, toFrame: 960, videoConfig: "0142", audioConfig: "1190" };
const packets: SlicePacket[] = [
  { kind: "video", key: true, pts: 480, dts: 478, duration: 1, data: Buffer.alloc(900_000, 7) },
  { kind: "audio", key: true, pts: -1024, dts: -1024, duration: 1024, data: Buffer.from("aac") },
  { kind: "video", key: false, pts: 484, dts: 479, duration: 1, data: Buffer.alloc(700_000, 9) },
  { kind: "audio", key: true, pts: 768_000, dts: 768_000, duration: 17, data: Buffer.alloc(0) },
];

function written(): string {
  const file = path.join(dir, "one.slice");
  const writer = new SliceWriter(file, head);
  for (const packet of packets) writer.packet(packet);
  writer.finish();
  return file;
}

it("gives back the packets that were put in", () => {
  const slice = readSlice(written());
  expect(slice.head).toEqual(head);
  const found = [...slice.packets];
  const withoutData = (all: SlicePacket[]) => all.map(({ data: _, ...rest }) => rest);
  expect(withoutData(found)).toEqual(withoutData(packets));
  expect(found.map(({ data }, index) => packets[index]?.data.equals(data))).not.toContain(false);
});

it("is refused when a byte is wrong or missing", async () => {
  const file = written();
  const whole = await readFile(file);
  for (const damaged of [
    whole.subarray(0, whole.length - 1),
    whole.subarray(0, 3),
    Buffer.concat([whole.subarray(0, 500_000), Buffer.of(1), whole.subarray(500_001)]),
  ]) {
    await writeFile(file, damaged);
    expect(() => readSlice(file)).toThrow("damaged");
  }
});
