import { useEffect, useState, useSyncExternalStore } from "react";
import { useConnection } from "../../api/liveContext.tsx";
import { captionWords, lateWords } from "../../words/captions.ts";
import { transcriptWords } from "../../words/transcript.ts";
import { nameOf } from "../parts/meetingTypes.ts";
import type { RecordingView } from "../recording/recordingView.ts";
import { useRoom } from "../state/roomContext.ts";
import { CaptionFeed } from "./captionFeed.ts";
import { type Caption, CaptionRoll } from "./captionRoll.ts";

/** What is said, below the stage. Not a live region: whoever hears the page would hear everything twice. */
export function Captions() {
  const { context, attendees, recording } = useRoom();
  const captions = useCaptions(context.meetingId);
  const turns = turnsOf(captions);
  return (
    <section className="captions" aria-label={captionWords.heading}>
      {turns.length === 0 && <p className="captions__hint">{hintOf(recording)}</p>}
      {turns.map(({ key, speakerId, text, lateMs }) => (
        <p key={key}>
          <strong>
            {(speakerId !== undefined && nameOf(attendees, speakerId)) || transcriptWords.unknown}
            {lateWords(lateMs)}:
          </strong>{" "}
          {text}
        </p>
      ))}
    </section>
  );
}

/** Why there may be none. */
function hintOf(recording: RecordingView | undefined): string {
  if (recording === undefined) return captionWords.unrecorded;
  return recording.state === "paused" ? captionWords.paused : captionWords.waiting;
}

/** What the same person said one after the other is one turn. */
function turnsOf(captions: readonly Caption[]): Caption[] {
  const turns: Caption[] = [];
  for (const caption of captions) {
    const last = turns.at(-1);
    if (last?.speakerId === caption.speakerId && last !== undefined)
      turns[turns.length - 1] = { ...last, text: `${last.text} ${caption.text}` };
    else turns.push(caption);
  }
  return turns;
}

function useCaptions(meetingId: string): readonly Caption[] {
  const connection = useConnection();
  const [roll, setRoll] = useState<CaptionRoll>();
  useEffect(() => {
    const opened = new CaptionRoll();
    const feed = new CaptionFeed(connection, meetingId, (line) => opened.add(line));
    setRoll(opened);
    return () => {
      feed.close();
      opened.close();
    };
  }, [connection, meetingId]);
  return useSyncExternalStore(roll?.shown.subscribe ?? nobody, roll?.shown.get ?? nothing);
}

const nobody = () => () => undefined;
const none: readonly Caption[] = [];
const nothing = () => none;
