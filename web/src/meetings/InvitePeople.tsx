import type { FunctionReturnType } from "convex/server";
import { type FormEvent, useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { SelectField } from "../ui/Field.tsx";
import { Notice } from "../ui/Notice.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { peopleWords } from "../words/meetings.ts";
import { momentWords } from "../words/time.ts";
import { InviteLinks } from "./InviteLinks.tsx";
import { LinkToShare } from "./LinkToShare.tsx";

type Invite = FunctionReturnType<typeof functions.meetings.invites.createInvite>;

const dayMs = 86_400_000;
const uses = [1, 5, 10, 50, 100];

export interface InvitePeopleProps {
  meetingId: string;
  title: string;
  onClose: () => void;
}

/** Makes a link that lets people into a meeting. The link is known here only: the server keeps a digest of it. */
export function InvitePeople({ meetingId, title, onClose }: InvitePeopleProps) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const [invite, setInvite] = useState<Invite>();
  const [withdrawn, setWithdrawn] = useState(false);
  const create = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const request = {
      meetingId,
      role: form.get("role") === "observer" ? ("observer" as const) : ("participant" as const),
      maxUses: Number(form.get("maxUses")),
      expiresInMs: Number(form.get("days")) * dayMs,
    };
    void run(async () =>
      setInvite(await api.mutation(functions.meetings.invites.createInvite, request)),
    );
  };
  const withdraw = ({ inviteId }: Invite) =>
    void run(async () => {
      await api.mutation(functions.meetings.invites.revokeInvite, { inviteId });
      setWithdrawn(true);
    });
  return (
    <Dialog title={`Invite to ${title}`} onClose={onClose}>
      {error !== undefined && <RefusalNotice error={error} />}
      {invite === undefined && (
        <>
          <InviteTerms onSubmit={create} busy={busy} onClose={onClose} />
          <InviteLinks meetingId={meetingId} />
        </>
      )}
      {invite !== undefined && !withdrawn && (
        <>
          <LinkToShare url={`${location.origin}/invite/${invite.secret}`} title={title} />
          <p className="soft small">
            It lets in {peopleWords(invite.maxUses)}, until{" "}
            {momentWords(invite.expiresAt, Date.now())}. Whoever has it can use it.
          </p>
        </>
      )}
      {withdrawn && <Notice>The link has been withdrawn. Whoever came in by it stays.</Notice>}
      {invite !== undefined && (
        <div className="dialog__actions">
          {!withdrawn && (
            <Button look="quietDanger" busy={busy} onClick={() => withdraw(invite)}>
              Withdraw the link
            </Button>
          )}
          <Button onClick={onClose}>Done</Button>
        </div>
      )}
    </Dialog>
  );
}

interface InviteTermsProps {
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  busy: boolean;
  onClose: () => void;
}

function InviteTerms({ onSubmit, busy, onClose }: InviteTermsProps) {
  return (
    <form className="stack" onSubmit={onSubmit}>
      <SelectField label="For" name="maxUses" defaultValue={10}>
        {uses.map((count) => (
          <option key={count} value={count}>
            {peopleWords(count)}
          </option>
        ))}
      </SelectField>
      <SelectField label="Who come as" name="role">
        <option value="participant">Participants: seen and heard</option>
        <option value="observer">Observers: watch only</option>
      </SelectField>
      <SelectField label="Good for" name="days" defaultValue={7}>
        <option value={1}>A day</option>
        <option value={7}>A week</option>
        <option value={30}>30 days</option>
      </SelectField>
      <div className="dialog__actions">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={busy}>
          Make a link
        </Button>
      </div>
    </form>
  );
}
