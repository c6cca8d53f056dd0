import { useEffect, useRef, useState } from "react";
import { functions } from "../api/functions.ts";
import { useAction } from "../api/useAction.ts";
import { captionWords } from "../words/captions.ts";
import { Announcer } from "./Announcer.tsx";
import { Captions } from "./captions/Captions.tsx";
import { type CaptionChoice, ControlBar } from "./controls/ControlBar.tsx";
import { ControlProblem } from "./controls/ControlProblem.tsx";
import { SettingsDialog } from "./controls/SettingsDialog.tsx";
import { useShortcuts } from "./controls/useShortcuts.ts";
import type { PersonView } from "./media/roomView.ts";
import { NotesPanel } from "./notes/NotesPanel.tsx";
import { PhaseBanner } from "./PhaseBanner.tsx";
import type { MeetingContext, MeetingView } from "./parts/meetingTypes.ts";
import { PeoplePanel } from "./people/PeoplePanel.tsx";
import { Prompts } from "./prompts/Prompts.tsx";
import { FinishedNotice } from "./recording/FinishedNotice.tsx";
import { RecordingBadge } from "./recording/RecordingBadge.tsx";
import { Stage } from "./stage/Stage.tsx";
import { useRoom } from "./state/roomContext.ts";
import { useRememberedChoice } from "./useRememberedChoice.ts";

export interface RoomProps {
  /** The newest recording that has ended while one was here. */
  finished: string | undefined;
  serverAway: boolean;
  onLeave: () => void;
}

/** The meeting itself. */
export function Room({ finished, serverAway, onLeave }: RoomProps) {
  const { context, meeting, room, local, recording } = useRoom();
  const [panel, setPanel] = useState<"people" | "notes">();
  const [settings, setSettings] = useState(false);
  const [shortcuts, setShortcuts] = useRememberedChoice("connvo.shortcuts", true);
  const [suggestions, setSuggestions] = useRememberedChoice("connvo.suggestions", true);
  const captions = useCaptionChoice(meeting);
  const element = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useShortcuts({
    shortcuts: {
      m: () => void local.toggle("microphone"),
      v: () => void local.toggle("camera"),
      ...(captions === undefined ? {} : { [captionWords.key]: captions.toggle }),
    },
    on: shortcuts && meeting.userRole !== "observer",
    within: context.shortcuts === "element" ? element : undefined,
  });
  const remove = useRemove(context);
  const close = () => setPanel(undefined);
  const toggle = (wanted: "people" | "notes") =>
    setPanel((last) => (last === wanted ? undefined : wanted));
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
        {suggestions && meeting.transcription === true && <Prompts />}
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
        {panel === "notes" && <NotesPanel onClose={close} />}
      </div>
      {captions?.on === true && <Captions />}
      <ControlBar
        captions={captions}
        panel={panel}
        onPanel={toggle}
        onSettings={() => setSettings(true)}
        onLeave={onLeave}
      />
      <ControlProblem task={remove.task} />
      {settings && (
        <SettingsDialog
          local={local}
          shortcuts={shortcuts}
          onShortcuts={setShortcuts}
          suggestions={suggestions}
          onSuggestions={setSuggestions}
          onClose={() => setSettings(false)}
        />
      )}
      <Announcer
        state={{ people: room.people, recording }}
        ready={room.phase.name === "connected" && room.people.length > 0}
      />
    </main>
  );
}

/** Whether captions are wanted; undefined where nothing is written down. */
function useCaptionChoice({ transcription }: MeetingView): CaptionChoice | undefined {
  const [on, choose] = useRememberedChoice("connvo.captions", false);
  return transcription === true ? { on, toggle: () => choose(!on) } : undefined;
}

function useRemove({ api, meetingId }: MeetingContext) {
  const task = useAction();
  const run = ({ userId }: PersonView) =>
    void task.run(() =>
      api.mutation(functions.meetings.lifecycle.removeParticipant, { meetingId, userId }),
    );
  return { task, run };
}
