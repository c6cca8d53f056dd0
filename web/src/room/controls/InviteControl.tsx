import { useState } from "react";
import { functions } from "../../api/functions.ts";
import { useAction } from "../../api/useAction.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import type { MeetingContext } from "../parts/meetingTypes.ts";
import { Control } from "./Control.tsx";
import { ControlProblem } from "./ControlProblem.tsx";

/** The link goes to whole groups: as many as an invite may let in. */
const mostUses = 100;

/** A link that lets others in; copied, and shown for where copying is not allowed. */
export function InviteControl({
  context: { api, meetingId, baseUrl },
}: {
  context: MeetingContext;
}) {
  const task = useAction();
  const [link, setLink] = useState<string>();
  const [copied, setCopied] = useState(false);
  const copy = async (text: string) =>
    setCopied(
      await navigator.clipboard.writeText(text).then(
        () => true,
        () => false,
      ),
    );
  const invite = () =>
    task.run(async () => {
      const request = { meetingId, maxUses: mostUses };
      const { secret } = await api.mutation(functions.meetings.invites.createInvite, request);
      const made = `${baseUrl.replace(/\/$/, "")}/invite/${secret}`;
      setLink(made);
      await copy(made);
    });
  return (
    <>
      <Control icon="link" label="Invite" busy={task.busy} onClick={() => void invite()} />
      <ControlProblem task={task} />
      {link !== undefined && (
        <Dialog title="Invite others" onClose={() => setLink(undefined)}>
          <Field
            label="Link"
            readOnly
            value={link}
            hint="Whoever has this link can join the meeting, for a week."
            onFocus={({ target }) => target.select()}
          />
          <p role="status">{copied ? "The link is copied." : "Copy the link and send it."}</p>
          <div className="dialog__actions">
            <Button onClick={() => void copy(link)}>Copy again</Button>
            <Button look="primary" onClick={() => setLink(undefined)}>
              Done
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
