// A meeting and a recording of it from a script, with Convex's official clients. The server runs (npm start); then:
//
//   node examples/node/meeting.mjs [http://127.0.0.1:3210] [Ada]
//
// In a project of your own: npm install convex
import { setTimeout as sleep } from "node:timers/promises";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi as api } from "convex/server";

const [server = "http://127.0.0.1:3210", name = "Ada"] = process.argv.slice(2);
const told = new Map();
const options = { skipConvexDeploymentUrlCheck: true };

// By name, on the server's own machine. From elsewhere a token comes from your issuer (docs/deployment.md).
const answer = await fetch(`${server}/auth/local/token`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name }),
});
const { token, message } = await answer.json();
if (!answer.ok) throw new Error(message);

// One call at a time, over HTTP.
const http = new ConvexHttpClient(server, { ...options, auth: token });
const { meetingId } = await http.mutation(api.meetings.lifecycle.createMeeting, {
  title: "From a script",
});
console.log(`Made ${meetingId}`);

// Live, over one connection: a listener is told whenever what it watches has changed.
const live = new ConvexClient(server, options);
live.setAuth(async () => token);
live.onUpdate(api.meetings.queries.listUserMeetings, {}, (meetings) => {
  tell("Meeting", meetings.find(({ _id }) => _id === meetingId)?.state);
});
await live.mutation(api.meetings.lifecycle.startMeeting, { meetingId });

try {
  const { stream } = api.meetings;
  const { recordingId, recordingUrl } = await live.action(stream.index.startRecording, {
    meetingId,
  });
  const ended = new Promise((resolve) => {
    live.onUpdate(api.recordings.queries.getRecording, { recordingId }, (recording) => {
      tell("Recording", recording.state);
      if (recording.state === "ready" || recording.state === "failed") resolve(recording);
    });
  });
  await sleep(2000);
  await live.action(stream.index.stopRecording, { meetingId });
  const { state, error } = await ended;
  // Nobody sent sound or pictures: that is `no_media`. With people in the meeting there is a file.
  console.log(state === "ready" ? `File: ${recordingUrl}` : `No file: ${error?.code}`);
} catch (refusal) {
  // A refusal is typed and says what to do.
  if (refusal.data === undefined) throw refusal;
  console.error(`${refusal.data.code}: ${refusal.data.message}`);
  process.exitCode = 1;
} finally {
  await live.mutation(api.meetings.lifecycle.endMeeting, { meetingId });
  await live.close();
}

/** More than the state changes meanwhile: once is enough. */
function tell(what, state) {
  if (told.get(what) !== state) console.log(`${what} is ${state}`);
  told.set(what, state);
}
