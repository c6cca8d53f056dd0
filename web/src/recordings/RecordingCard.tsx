import { useState } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { Badge } from "../ui/Badge.tsx";
import { Button, buttonClass } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { useToast } from "../ui/Toast.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import {
  configWords,
  detailWords,
  isPlayable,
  type RecordingDetail,
  type RecordingSummary,
  stateWords,
} from "../words/recordings.ts";
import { capital, durationWords, momentWords } from "../words/time.ts";
import { useRecording } from "./useRecording.ts";
import { Versions } from "./Versions.tsx";

export interface RecordingCardProps {
  recording: RecordingSummary;
  isHost: boolean;
}

/** One recording: how far it is, and what can be done with it. */
export function RecordingCard({ recording, isHost }: RecordingCardProps) {
  const { recordingId, state, startedAt, requestedAt, durationMs, startedByName } = recording;
  const [open, setOpen] = useState(false);
  const detail = useRecording(recordingId, open || state === "processing" || state === "failed");
  const playable = isPlayable(detail.value ?? recording);
  const when = momentWords(startedAt ?? requestedAt, Date.now());
  return (
    <li className="card">
      <div className="card__main">
        <h3 className="card__title">
          <VisuallyHidden>Recording of </VisuallyHidden>
          {capital(when)}
          {durationMs !== undefined && ` · ${durationWords(durationMs)}`}
        </h3>
        <p className="card__meta">
          <State {...recording} />
          {detail.value !== undefined && <span>{detailWords(detail.value)}</span>}
          <span>{configWords(recording.config)}</span>
          {startedByName !== undefined && <span>started by {startedByName}</span>}
        </p>
      </div>
      <div className="card__actions">
        {playable && (
          <>
            <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
              Files<VisuallyHidden> of {when}</VisuallyHidden>
            </Button>
            <Link href={`/watch/${recordingId}`} className={buttonClass("primary")}>
              Play<VisuallyHidden> {when}</VisuallyHidden>
            </Link>
          </>
        )}
        {isHost && state === "failed" && !playable && (
          <DeleteRecording {...{ recordingId, when }} />
        )}
      </div>
      {state === "processing" && <Progress detail={detail.value} />}
      {open && playable && (
        <div className="card__more">
          <Versions {...{ recordingId, detail, isHost }} />
          {isHost && <DeleteRecording {...{ recordingId, when }} />}
        </div>
      )}
    </li>
  );
}

const tones = {
  starting: "recording",
  recording: "recording",
  stopping: "warn",
  processing: "warn",
  ready: "good",
  failed: "bad",
} as const;

function State({ state, pausedAt }: Pick<RecordingSummary, "state" | "pausedAt">) {
  if (state === "recording" && pausedAt !== undefined) return <Badge tone="warn">Paused</Badge>;
  return <Badge tone={tones[state]}>{stateWords(state)}</Badge>;
}

function Progress({ detail }: { detail: RecordingDetail | undefined }) {
  return (
    <div className="card__progress">
      <progress aria-label="The video is being made" max={1} value={detail?.progress.done ?? 0} />
    </div>
  );
}

interface DeleteRecordingProps {
  recordingId: string;
  when: string;
}

function DeleteRecording({ recordingId, when }: DeleteRecordingProps) {
  const api = useApi();
  const say = useToast();
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    await api.mutation(functions.recordings.mutations.deleteRecording, { recordingId });
    say("Recording deleted");
    setAsking(false);
  };
  return (
    <div className="row">
      <Button look="quietDanger" small onClick={() => setAsking(true)}>
        Delete recording<VisuallyHidden> of {when}</VisuallyHidden>
      </Button>
      {asking && (
        <Confirm
          title="Delete this recording?"
          verb="Delete"
          onConfirm={remove}
          onClose={() => setAsking(false)}
        >
          The recording of {when} is deleted with all its versions, for everybody. This cannot be
          undone.
        </Confirm>
      )}
    </div>
  );
}
