import { ConvexProvider, ConvexReactClient, useAction, useMutation, useQuery } from "convex/react";
import { anyApi as api } from "convex/server";
import { useState } from "react";
import { createRoot } from "react-dom/client";

const client = new ConvexReactClient(location.origin, { skipConvexDeploymentUrlCheck: true });

/** By name, on the server's own machine. From elsewhere the token comes from your issuer (docs/deployment.md). */
async function fetchToken(name) {
  const answer = await fetch("/auth/local/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  return answer.ok ? (await answer.json()).token : null;
}

function App() {
  const [signedIn, setSignedIn] = useState(false);
  const signIn = (form) => client.setAuth(() => fetchToken(form.get("name")), setSignedIn);
  if (signedIn) return <Meetings />;
  return (
    <form action={signIn}>
      <label>
        Your name <input name="name" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  );
}

function Meetings() {
  const meetings = useQuery(api.meetings.queries.listUserMeetings, {});
  const create = useMutation(api.meetings.lifecycle.createMeeting);
  return (
    <>
      <form action={(form) => create({ title: form.get("title") })}>
        <label>
          Title <input name="title" required />
        </label>
        <button type="submit">Create</button>
      </form>
      <ul>
        {meetings?.map((meeting) => (
          <Meeting key={meeting._id} meeting={meeting} />
        ))}
      </ul>
    </>
  );
}

function Meeting({ meeting: { _id: meetingId, title, state } }) {
  const [refusal, setRefusal] = useState("");
  const start = useMutation(api.meetings.lifecycle.startMeeting);
  const record = useAction(api.meetings.stream.index.startRecording);
  const stop = useAction(api.meetings.stream.index.stopRecording);
  const recordings = useQuery(api.recordings.queries.listRecordings, { meetingId });
  // A refusal is typed and says what to do.
  const run = (call) => () =>
    call({ meetingId }).then(
      () => setRefusal(""),
      (error) => setRefusal(error.data?.message ?? String(error)),
    );
  return (
    <li>
      {title}: {state}{" "}
      <button type="button" onClick={run(start)}>
        Start
      </button>
      <button type="button" onClick={run(record)}>
        Record
      </button>{" "}
      <button type="button" onClick={run(stop)}>
        Stop
      </button>
      {recordings?.map((recording) => (
        <p key={recording.recordingId}>Recording: {recording.state}</p>
      ))}
      <p role="alert">{refusal}</p>
    </li>
  );
}

createRoot(document.getElementById("root")).render(
  <ConvexProvider client={client}>
    <App />
  </ConvexProvider>,
);
