import { captureFolder } from "../../../src/rooms/contract/unsealed.ts";
import { Random } from "./random.ts";
import { RoomUnderTest, recordingId, tickMs } from "./roomUnderTest.ts";
import type { SessionScript } from "./script.ts";
import { Sender } from "./sender.ts";
import { VirtualTime } from "./virtualTime.ts";

/** A session that has taken place. */
export interface PlayedSession {
  script: SessionScript;
  captureDir: string;
  senders: Sender[];
}

/** Files are written between two events when the session has gone on by this much, ms. */
const breatheEveryMs = 100;

/** Plays a session in virtual time: its senders, the room, the recording. `recordingsDir` gets the capture. */
export async function playSession(
  script: SessionScript,
  recordingsDir: string,
): Promise<PlayedSession> {
  const time = new VirtualTime();
  const room = new RoomUnderTest(recordingsDir, time);
  const random = new Random(script.seed);
  const senders: Sender[] = [];
  for (const one of script.senders) {
    const peer = await room.admit(one);
    const sender = new Sender({
      ...{ script: one, lengthMs: script.lengthMs, time, random: random.fork() },
      deliver: (kind, packet) => peer.deliver(kind, packet),
    });
    peer.connect((kind, rtcp) => sender.answer(kind, rtcp));
    sender.begin();
    senders.push(sender);
  }
  plan(script, time, room);
  await time.run(script.recording.toMs);
  await room.captures.stop(recordingId, "stopped");
  for (const sender of senders) sender.end();
  return { script, captureDir: captureFolder(recordingsDir, recordingId), senders };
}

function plan({ recording, wallSteps }: SessionScript, time: VirtualTime, room: RoomUnderTest) {
  for (let ms = tickMs; ms < recording.toMs; ms += tickMs) time.at(ms, () => room.tick());
  for (let ms = 0; ms < recording.toMs; ms += breatheEveryMs)
    time.at(ms, () => new Promise((resolve) => setImmediate(resolve)));
  for (const { atMs, byMs } of wallSteps) time.at(atMs, () => time.setWall(byMs));
  time.at(recording.fromMs, () => room.record());
  for (const { fromMs, toMs } of recording.pauses) {
    time.at(fromMs, async () => void (await room.captures.pause(recordingId)));
    time.at(toMs, async () => void (await room.captures.resume(recordingId)));
  }
}
