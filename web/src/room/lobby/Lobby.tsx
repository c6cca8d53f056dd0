import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { RefusalNotice } from "../../ui/RefusalNotice.tsx";
import type { LocalMedia } from "../media/local/localMedia.ts";
import { DeviceChoice } from "../parts/DeviceChoice.tsx";
import type { MeetingFacts } from "../parts/meetingTypes.ts";
import { RecordingNotice } from "../recording/RecordingNotice.tsx";
import { recordingView } from "../recording/recordingView.ts";
import { Presence } from "./Presence.tsx";
import { Preview } from "./Preview.tsx";

export interface LobbyProps {
  facts: MeetingFacts;
  self: { userId: string; name: string };
  local: LocalMedia;
  onJoin: () => void;
  onStart: () => void;
  busy: boolean;
  /** Why joining or starting was refused. */
  error: unknown;
  onExit?: (() => void) | undefined;
}

/** Before the meeting: how one will be seen and heard, who is there, and that it is being recorded. */
export function Lobby(props: LobbyProps) {
  const { facts, self, local, error, onExit } = props;
  const { meeting, attendees } = facts;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const recording = recordingView(meeting, attendees, undefined);
  const watches = meeting.userRole === "observer";
  return (
    <main id="main" className="lobby">
      {watches ? <ObserverWords /> : <Preview local={local} name={self.name} />}
      <section className="lobby__side" aria-label="Join the meeting">
        <h1 ref={heading} tabIndex={-1}>
          {meeting.title}
        </h1>
        {recording !== undefined && <RecordingNotice recording={recording} />}
        <Presence attendees={attendees} selfId={self.userId} />
        {!watches && (
          <>
            <DeviceChoice local={local} kind="camera" />
            <DeviceChoice local={local} kind="microphone" />
          </>
        )}
        {error !== undefined && <RefusalNotice error={error} />}
        <div className="lobby__actions">
          <Entrance {...props} />
          {onExit !== undefined && (
            <Button look="quiet" onClick={onExit}>
              Back to my meetings
            </Button>
          )}
        </div>
      </section>
    </main>
  );
}

/** The way in, as far as there is one now. */
function Entrance({ facts: { meeting }, onJoin, onStart, busy }: LobbyProps): ReactNode {
  if (meeting.state === "active")
    return (
      <Button look="primary" busy={busy} onClick={onJoin}>
        Join now
      </Button>
    );
  if (meeting.userRole === "host")
    return (
      <Button look="primary" busy={busy} onClick={onStart}>
        Start the meeting
      </Button>
    );
  return (
    <Notice>The meeting has not started yet. You can join as soon as a host starts it.</Notice>
  );
}

function ObserverWords() {
  return (
    <div className="preview preview--observer">
      <p>You join as an observer: you see and hear everybody, and nobody sees or hears you.</p>
    </div>
  );
}
