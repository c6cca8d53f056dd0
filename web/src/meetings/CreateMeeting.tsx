import { type FormEvent, useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useApi } from "../session/sessionContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field, SelectField } from "../ui/Field.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";

const sizes = [2, 4, 6, 10, 20];

export interface CreateMeetingProps {
  onClose: () => void;
  /** The meeting is there, and running when that was wanted. */
  onCreated: (meetingId: string, started: boolean) => void;
}

/** Asks for a new meeting: a title, how many people, now or at a time. */
export function CreateMeeting({ onClose, onCreated }: CreateMeetingProps) {
  const api = useApi();
  const [title, setTitle] = useState("");
  const [maxParticipants, setMaxParticipants] = useState(10);
  const [when, setWhen] = useState<"now" | "later">("now");
  const [time, setTime] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const scheduledAt = when === "later" ? { scheduledAt: momentOf(time) } : {};
      const { meetingId } = await api.mutation(functions.meetings.lifecycle.createMeeting, {
        title,
        maxParticipants,
        ...scheduledAt,
      });
      if (when === "now")
        await api.mutation(functions.meetings.lifecycle.startMeeting, { meetingId });
      onCreated(meetingId, when === "now");
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  const of = (field: string) => fieldError(error, field);
  const elsewhere = error !== undefined && !["title", "maxParticipants", "scheduledAt"].some(of);
  return (
    <Dialog title="New meeting" onClose={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label="Title"
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          maxLength={200}
          error={of("title")}
          autoFocus
        />
        <SelectField
          label="People at most"
          value={maxParticipants}
          onChange={(event) => setMaxParticipants(Number(event.target.value))}
          error={of("maxParticipants")}
        >
          {sizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </SelectField>
        <SelectField
          label="When"
          value={when}
          onChange={(event) => setWhen(event.target.value === "later" ? "later" : "now")}
        >
          <option value="now">Start now</option>
          <option value="later">At a time</option>
        </SelectField>
        {when === "later" && (
          <Field
            label="Starts"
            type="datetime-local"
            value={time}
            onChange={(event) => setTime(event.target.value)}
            error={of("scheduledAt")}
          />
        )}
        {elsewhere && <RefusalNotice error={error} />}
        <div className="dialog__actions">
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" look="primary" busy={busy}>
            {when === "now" ? "Start meeting" : "Schedule meeting"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** @throws ApiError when no time was given */
function momentOf(time: string): number {
  const moment = new Date(time).getTime();
  if (!Number.isNaN(moment)) return moment;
  throw new ApiError("VALIDATION_ERROR", "Say when it starts", 400, { field: "scheduledAt" });
}

function fieldError(error: unknown, field: string): string | undefined {
  return error instanceof ApiError && error.metadata["field"] === field ? error.message : undefined;
}
