import type { FunctionReturnType } from "convex/server";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import { peopleWords } from "../words/meetings.ts";
import { momentWords } from "../words/time.ts";

type LiveInvite = FunctionReturnType<typeof functions.meetings.invites.listInvites>[number];

/** The links made before that still let people in, each to be withdrawn; the links themselves are known to nobody. */
export function InviteLinks({ meetingId }: { meetingId: string }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const { listInvites, revokeInvite } = functions.meetings.invites;
  const { value: links = [], error: unknown } = useLive(listInvites, { meetingId });
  const withdraw = (inviteId: LiveInvite["inviteId"]) =>
    void run(() => api.mutation(revokeInvite, { inviteId }));
  const refusal = error ?? unknown;
  if (refusal !== undefined) return <RefusalNotice error={refusal} />;
  if (links.length === 0) return null;
  return (
    <section className="stack" aria-label="Links that work">
      <h3>Links that work</h3>
      <ul className="inviteLinks">
        {links.map((link) => (
          <li key={link.inviteId}>
            <span className="small">{linkWords(link, Date.now())}</span>
            <Button look="quietDanger" small busy={busy} onClick={() => withdraw(link.inviteId)}>
              Withdraw<VisuallyHidden> {madeWords(link, Date.now())}</VisuallyHidden>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "For 10 people, 3 have come, until Friday 12:00; made by Ada". */
export function linkWords(link: LiveInvite, now: number): string {
  const { uses, maxUses, role, expiresAt, createdByName } = link;
  const come = uses === 0 ? "nobody has come yet" : `${uses} ${uses === 1 ? "has" : "have"} come`;
  const watchers = role === "observer" ? " who watch only" : "";
  const maker = createdByName === null ? "" : `; made by ${createdByName}`;
  return `For ${peopleWords(maxUses)}${watchers}, ${come}, until ${momentWords(expiresAt, now)}${maker}`;
}

function madeWords({ createdAt }: LiveInvite, now: number): string {
  return `the link made ${momentWords(createdAt, now)}`;
}
