import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { Recognition } from "../src/media/speech/recognition.ts";
import { samplesOf, speech, voicesInstalled } from "../test/media/support/spoken.ts";
import { ownConnvo } from "./connvoServer.ts";
import { LiveMeeting, loadLoops } from "./liveMeeting.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, percentile } from "./statistics.ts";

const said = ["youngMan", "amiable"] as const;
const title = "end of a sentence → its caption elsewhere";
/** The model is loaded with the first. */
const unmeasured = 2;

interface Line {
  _id: string;
  /** Epoch ms. */
  endMs: number;
}

const follow = makeFunctionReference<
  "query",
  { meetingId: string; limit: number },
  { transcripts: Line[] }
>("realtime/subscriptions:subscribeTranscriptStream");

/** From the end of a sentence in a recorded meeting until somebody else has its words. */
export async function benchCaptions(stage: Stage): Promise<Row[]> {
  if (!voicesInstalled) return [notRun(title, "needs Debian's pocketsphinx-testdata")];
  const server = await ownConnvo(stage);
  const [loop] = await loadLoops(1);
  if (!loop) throw new RangeError("there is nothing to publish");
  const { audio } = speech(10, [
    [said[0], 1_000],
    [said[1], 6_000],
  ]);
  const meeting = await LiveMeeting.open(stage, server, "Speaker", [{ ...loop, audio }]);
  const { token } = await meeting.bringGuest("Reader");
  const client = new ConvexClient(server.url, { skipConvexDeploymentUrlCheck: true });
  stage.own("reader", () => client.close());
  client.setAuth(async () => token);
  const count = stage.pick(24, 6);
  stage.say(`${count} sentences`);
  await meeting.startRecording();
  const ours = await captionsOf(client, meeting.meetingId, count);
  await meeting.stopRecording();
  const baseline = readAlone(stage.pick(12, 3));
  const row = (share: number): Row => {
    const at = (values: readonly number[]) => percentile(values, share) / 1_000;
    return rowOf({
      name: `${title}, p${share * 100}`,
      baseline: "the model alone reads it",
      comparison: compare([{ ours: at(ours), baseline: at(baseline) }]),
      format: units.milliseconds,
    });
  };
  return [row(0.5), row(0.95)];
}

/** How long after its end each sentence was there, ms. */
function captionsOf(client: ConvexClient, meetingId: string, count: number): Promise<number[]> {
  const came = new Map<string, number>();
  return new Promise((resolve, reject) => {
    const look = ({ transcripts }: { transcripts: Line[] }) => {
      const now = Date.now();
      for (const { _id, endMs } of transcripts) if (!came.has(_id)) came.set(_id, now - endMs);
      if (came.size >= count + unmeasured) resolve([...came.values()].slice(unmeasured));
    };
    client.onUpdate(follow, { meetingId, limit: count + unmeasured }, look, reject);
  });
}

/** The same model, twice as the engine does, with nothing around it, ms. */
function readAlone(times: number): number[] {
  const recognition = new Recognition();
  const sounds = said.map((name) => Float32Array.from(samplesOf(name), (one) => one / 32_768));
  for (const samples of sounds) recognition.understand(samples);
  return Array.from({ length: times }, () => sounds).flatMap((all) =>
    all.map((samples) => {
      const began = performance.now();
      recognition.understand(samples);
      return performance.now() - began;
    }),
  );
}
