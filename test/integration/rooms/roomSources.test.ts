import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { CaptureEvent } from "../../../src/media/format/log/events.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";

takeTime();

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
let rooms: RoomHarness;

beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());
beforeEach(async () => {
  rooms = await RoomHarness.create(built.entry);
});
afterEach(() => rooms.close());

const request = () => ({
  recordingId: "recording_1",
  roomId: rooms.roomId,
  meetingId: rooms.meetingId,
  config: { quality: "720p", layout: "grid", audioOnly: false } as const,
  maxDurationMs: 600_000,
});

async function ofType<T extends CaptureEvent["type"]>(
  type: T,
): Promise<Extract<CaptureEvent, { type: T }>[]> {
  return (await rooms.events()).filter(
    (event): event is Extract<CaptureEvent, { type: T }> => event.type === type,
  );
}

/** Every SSRC in the capture, with the timestamp its media begins with. */
async function captured(): Promise<{ ssrc: number; firstRtp: number | undefined }[]> {
  const firsts = await ofType("first");
  const tracks = (await ofType("track")).map(({ track, ssrc }) => ({
    ssrc,
    firstRtp: firsts.find((first) => first.track === track)?.rtp,
  }));
  return [...tracks, ...(await ofType("piece")).map(({ ssrc, rtp }) => ({ ssrc, firstRtp: rtp }))];
}

test.each([
  [0, {}],
  [800, {}],
  [0, { unannounced: true }],
])(
  "a sender that goes on under other SSRCs after %i ms is recorded from its first packet on",
  async (gapMs, options) => {
    const provider = await rooms.started();
    await provider.startRecording(request());
    const { publisher } = await rooms.publish(provider, "ann", options);
    await vi.waitFor(
      async () => expect(await captured()).toEqual(expect.arrayContaining(publisher.sources)),
      patience,
    );
    publisher.changeSources(gapMs);
    await vi.waitFor(
      async () => expect(await captured()).toEqual(expect.arrayContaining(publisher.sources)),
      patience,
    );
    await rooms.seal(provider, request());
    expect(await captured()).toHaveLength(4);
    for (const { atMs, endMs } of await ofType("piece"))
      expect(atMs - endMs).toBeGreaterThanOrEqual(gapMs);
    expect((await ofType("trackEnd")).map(({ reason, lost }) => [reason, lost])).toEqual([
      ["stopped", 0],
      ["stopped", 0],
    ]);
  },
);
