import { useAction } from "../../api/useAction.ts";
import type { MeetingConnection } from "../media/meetingConnection.ts";
import { Control } from "./Control.tsx";
import { ControlProblem } from "./ControlProblem.tsx";

/** Shares the screen; not there where the browser cannot (most phones). */
export function ShareControl({
  connection,
  sharing,
}: {
  connection: MeetingConnection;
  sharing: boolean;
}) {
  const task = useAction();
  if (navigator.mediaDevices?.getDisplayMedia === undefined) return null;
  const share = () =>
    task.run(() =>
      connection.shareScreen((options) => navigator.mediaDevices.getDisplayMedia(options)),
    );
  return (
    <>
      <Control
        icon="screen"
        label={sharing ? "Stop sharing" : "Share screen"}
        look={sharing ? "active" : "normal"}
        busy={task.busy}
        onClick={() => (sharing ? connection.stopSharing() : void share())}
      />
      <ControlProblem task={task} />
    </>
  );
}
