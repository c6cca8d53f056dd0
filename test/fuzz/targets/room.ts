import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describeCapture } from "../../../src/media/format/describe.ts";
import { loadTimeline } from "../../../src/media/format/timeline/timeline.ts";
import { captureFolder } from "../../../src/rooms/contract/unsealed.ts";
import { plainSender } from "../../media/senders/plain.ts";
import { type DirectPeer, RoomUnderTest, recordingId } from "../../media/senders/roomUnderTest.ts";
import { VirtualTime } from "../../media/senders/virtualTime.ts";
import { senderReport } from "../../support/rtpPackets.ts";
import { type Kind, readPackets, sound, vp8Frames, written } from "../packets.ts";
import type { FuzzTarget } from "../target.ts";

/** Inputs one recording gets: what a stranger does to it goes on adding up. */
const inputsEach = 100;
/** SSRCs and payload types as `plainSender` announces them. */
const ssrcs = { audio: 1001, video: 2001 } as const;

/** Where the recording of a room under test lies. */
export const recordingFolder = (dir: string) => captureFolder(dir, recordingId);

/** A room of one sender, which is recorded. */
class RecordedRoom {
  readonly #dir: string;
  readonly #time = new VirtualTime();
  readonly #room: RoomUnderTest;
  #peer: DirectPeer | undefined;

  constructor(dir: string) {
    this.#dir = dir;
    this.#room = new RoomUnderTest(dir, this.#time);
  }

  async open(): Promise<void> {
    this.#peer = await this.#room.admit(plainSender(0));
    this.#peer.connect(() => undefined);
    await this.#room.record();
  }

  async take(input: Buffer): Promise<void> {
    for (const { kind, afterMs, packet } of readPackets(input)) {
      await this.#time.run(this.#time.nowMs + afterMs);
      if (packet.length >= 12) this.#peer?.deliver(kind, packet);
      this.#room.tick();
    }
    // Files are written meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async end(): Promise<void> {
    const stopping = this.#room.captures.stop(recordingId, "stopped");
    await this.#time.run(this.#time.nowMs + 1000);
    await stopping;
    const { durationMs } = await loadTimeline(recordingFolder(this.#dir));
    if (!Number.isFinite(durationMs) || durationMs > this.#time.nowMs + 1000)
      throw new Error(`a timeline of ${durationMs} ms after ${this.#time.nowMs} ms`);
    await describeCapture(recordingFolder(this.#dir));
  }
}

function session(first: number): Buffer {
  const packets: { kind: Kind; afterMs: number; packet: Buffer }[] = [];
  for (let index = 0; index < 12; index++)
    packets.push({ kind: "audio", afterMs: 20, packet: sound(first + index, ssrcs.audio) });
  for (const packet of vp8Frames(8, ssrcs.video))
    packets.push({ kind: "video", afterMs: 33, packet });
  packets.push({ kind: "video", afterMs: 1, packet: senderReport(ssrcs.video) });
  packets.push({ kind: "audio", afterMs: 1, packet: senderReport(ssrcs.audio) });
  return written(packets);
}

const sessions = [session(1), session(13), session(65_530), session(30_000)];

/** Records a few seconds of a sender that means no harm into `dir`. */
export async function playPackets(dir: string): Promise<void> {
  const room = new RecordedRoom(dir);
  await room.open();
  for (const one of sessions.slice(0, 2)) await room.take(one);
  await room.end();
}

/** All a publisher's packets, into a room that passes on and records. */
export const room: FuzzTarget = {
  name: "room",
  corpus: sessions,
  open: async () => {
    let current: { room: RecordedRoom; dir: string } | undefined;
    let taken = 0;
    const end = async () => {
      const ending = current;
      current = undefined;
      await ending?.room.end();
      if (ending) await rm(ending.dir, { recursive: true, force: true });
    };
    return {
      run: async (input) => {
        if (!current) {
          const dir = await mkdtemp(path.join(os.tmpdir(), "connvo-fuzz-"));
          current = { room: new RecordedRoom(dir), dir };
          await current.room.open();
        }
        await current.room.take(input);
        if (++taken % inputsEach === 0) await end();
      },
      close: end,
    };
  },
};
