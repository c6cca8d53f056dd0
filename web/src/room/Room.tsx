import { useEffect, useRef, useState } from "react";
import { functions } from "../api/functions.ts";
import { useAction } from "../api/useAction.ts";
import { Announcer } from "./Announcer.tsx";
import { ControlBar } from "./controls/ControlBar.tsx";
import { ControlProblem } from "./controls/ControlProblem.tsx";
import { SettingsDialog } from "./controls/SettingsDialog.tsx";
import { useShortcuts } from "./controls/useShortcuts.ts";
import type { PersonView } from "./media/roomView.ts";
import { PhaseBanner } from "./PhaseBanner.tsx";
import type { MeetingContext } from "./parts/meetingTypes.ts";
import { PeoplePanel } from "./people/PeoplePanel.tsx";
import { FinishedNotice } from "./recording/FinishedNotice.tsx";
import { RecordingBadge } from "./recording/RecordingBadge.tsx";
import { Stage } from "./stage/Stage.tsx";
import { useRoom } from "./state/roomContext.ts";
import { useShortcutPreference } from "./useShortcutPreference.ts";

export interface RoomProps {
  /** The newest recording that has ended while one was here. */
  finished: string | undefined;
  serverAway: boolean;
  onLeave: () => void;
}

/** The meeting itself. */
export function Room({ finished, serverAway, onLeave }: RoomProps) {
  const { context, meeting, room, local, recording } = useRoom();
  const [panel, setPanel] = useState<"people" | "settings">();
  const [shortcuts, setShortcuts] = useShortcutPreference();
  const element = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useShortcuts({
    local,
    on: shortcuts && meeting.userRole !== "observer",
    within: context.shortcuts === "element" ? element : undefined,
  });
  const remove = useRemove(context);
  const close = () => setPanel(undefined);
  return (
    <main id="main" className="room" ref={element}>
      <header className="room__head">
        <h1 ref={heading} tabIndex={-1}>
          {meeting.title}
        </h1>
        {recording !== undefined && <RecordingBadge recording={recording} />}
      </header>
      <div className="room__notices">
        <PhaseBanner phase={room.phase} serverAway={serverAway} />
        <FinishedNotice recordingId={finished} watchUrl={context.watchUrl} />
      </div>
      <div className="room__middle">
        <Stage />
        {panel === "people" && (
          <PeoplePanel
            people={room.people}
            onClose={close}
            onRemove={meeting.userRole === "host" ? remove.run : undefined}
          />
        )}
      </div>
      <ControlBar
        peopleShown={panel === "people"}
        onPeople={() => setPanel((last) => (last === "people" ? undefined : "people"))}
        onSettings={() => setPanel("settings")}
        onLeave={onLeave}
      />
      <ControlProblem task={remove.task} />
      {panel === "settings" && (
        <SettingsDialog
          local={local}
          shortcuts={shortcuts}
          onShortcuts={setShortcuts}
          onClose={close}
        />
      )}
      <Announcer
        state={{ people: room.people, recording }}
        ready={room.phase.name === "connected" && room.people.length > 0}
      />
    </main>
  );
}

function useRemove({ api, meetingId }: MeetingContext) {
  const task = useAction();
  const run = ({ userId }: PersonView) =>
    void task.run(() =>
      api.mutation(functions.meetings.lifecycle.removeParticipant, { meetingId, userId }),
    );
  return { task, run };
}
