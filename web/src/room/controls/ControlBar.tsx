import { useState } from "react";
import { functions } from "../../api/functions.ts";
import { useAction } from "../../api/useAction.ts";
import type { LocalMedia } from "../media/local/localMedia.ts";
import type { RoomConnection } from "../media/roomConnection.ts";
import type { RoomView } from "../media/roomView.ts";
import { DeviceButton } from "../parts/DeviceButton.tsx";
import type { MeetingContext, MeetingView } from "../parts/meetingTypes.ts";
import type { RecordingView } from "../recording/recordingView.ts";
import { Control } from "./Control.tsx";
import { ControlProblem } from "./ControlProblem.tsx";
import { EndDialog } from "./EndDialog.tsx";
import { InviteControl } from "./InviteControl.tsx";
import { RecordingControls } from "./RecordingControls.tsx";
import { ShareControl } from "./ShareControl.tsx";

export interface ControlBarProps {
  context: MeetingContext;
  meeting: MeetingView;
  room: RoomView;
  connection: RoomConnection;
  local: LocalMedia;
  recording: RecordingView | undefined;
  refresh: () => Promise<void>;
  peopleShown: boolean;
  onPeople: () => void;
  onSettings: () => void;
  onLeave: () => void;
}

/** What one can do in the meeting. */
export function ControlBar(props: ControlBarProps) {
  const { context, meeting, room, connection, local, recording, refresh } = props;
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
      {isHost && <RecordingControls {...{ context, recording, refresh }} />}
      <Control
        icon="people"
        label="People"
        aria-expanded={props.peopleShown}
        look={props.peopleShown ? "active" : "normal"}
        onClick={props.onPeople}
      />
      {isHost && <InviteControl context={context} />}
      {publishes && <Control icon="settings" label="Settings" onClick={props.onSettings} />}
      <Control icon="leave" label="Leave" look="danger" onClick={props.onLeave} />
      {isHost && <EndControl context={context} refresh={refresh} />}
    </div>
  );
}

function EndControl({
  context: { api, meetingId },
  refresh,
}: Pick<ControlBarProps, "context" | "refresh">) {
  const [asking, setAsking] = useState(false);
  const task = useAction();
  const end = () =>
    task.run(async () => {
      await api.mutation(functions.meetings.lifecycle.endMeeting, { meetingId });
      await refresh();
    });
  return (
    <>
      <Control icon="close" label="End for all" look="danger" onClick={() => setAsking(true)} />
      {asking && <EndDialog task={task} onEnd={end} onClose={() => setAsking(false)} />}
      {!asking && <ControlProblem task={task} />}
    </>
  );
}
