import { useState } from "react";
import { functions } from "../../api/functions.ts";
import { useAction } from "../../api/useAction.ts";
import { captionWords } from "../../words/captions.ts";
import { notesWords } from "../../words/notes.ts";
import { DeviceButton } from "../parts/DeviceButton.tsx";
import { useRoom } from "../state/roomContext.ts";
import { Control } from "./Control.tsx";
import { ControlProblem } from "./ControlProblem.tsx";
import { EndDialog } from "./EndDialog.tsx";
import { InviteControl } from "./InviteControl.tsx";
import { RecordingControls } from "./RecordingControls.tsx";
import { ShareControl } from "./ShareControl.tsx";

export interface CaptionChoice {
  on: boolean;
  toggle: () => void;
}

export interface ControlBarProps {
  /** Undefined where there are none. */
  captions: CaptionChoice | undefined;
  /** Which panel is shown beside the stage. */
  panel: "people" | "notes" | undefined;
  onPanel: (panel: "people" | "notes") => void;
  onSettings: () => void;
  onLeave: () => void;
}

/** What one can do in the meeting. */
export function ControlBar(props: ControlBarProps) {
  const { context, meeting, room, connection, local } = useRoom();
  const isHost = meeting.userRole === "host";
  const publishes = meeting.userRole !== "observer";
  return (
    <div className="controls" role="toolbar" aria-label="Meeting controls">
      {publishes && (
        <>
          <DeviceButton local={local} kind="microphone" />
          <DeviceButton local={local} kind="camera" />
          <ShareControl connection={connection} sharing={room.sharing} />
        </>
      )}
      {isHost && <RecordingControls />}
      <Control
        icon="people"
        label="People"
        aria-expanded={props.panel === "people"}
        look={props.panel === "people" ? "active" : "normal"}
        onClick={() => props.onPanel("people")}
      />
      <Control
        icon="notes"
        label={notesWords.heading}
        aria-expanded={props.panel === "notes"}
        look={props.panel === "notes" ? "active" : "normal"}
        onClick={() => props.onPanel("notes")}
      />
      {props.captions !== undefined && (
        <Control
          icon="captions"
          label={captionWords.heading}
          aria-pressed={props.captions.on}
          aria-keyshortcuts={captionWords.key}
          look={props.captions.on ? "active" : "normal"}
          onClick={props.captions.toggle}
        />
      )}
      {isHost && <InviteControl context={context} />}
      {publishes && <Control icon="settings" label="Settings" onClick={props.onSettings} />}
      <Control icon="leave" label="Leave" look="danger" onClick={props.onLeave} />
      {isHost && <EndControl />}
    </div>
  );
}

function EndControl() {
  const { context } = useRoom();
  const { api, meetingId } = context;
  const [asking, setAsking] = useState(false);
  const task = useAction();
  const end = () =>
    task.run(() => api.mutation(functions.meetings.lifecycle.endMeeting, { meetingId }));
  return (
    <>
      <Control icon="close" label="End for all" look="danger" onClick={() => setAsking(true)} />
      {asking && <EndDialog task={task} onEnd={end} onClose={() => setAsking(false)} />}
      {!asking && <ControlProblem task={task} />}
    </>
  );
}
