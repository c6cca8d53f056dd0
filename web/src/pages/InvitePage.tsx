import { useLocation } from "wouter";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useSession, useSurroundings } from "../session/sessionContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";

/** Where an invite's link leads: says as whom one goes in, takes the invite, and goes to the lobby. */
export function InvitePage({ secret }: { secret: string }) {
  const api = useApi();
  const { store } = useSurroundings();
  const session = useSession();
  const [, go] = useLocation();
  const { run, busy, error } = useAction();
  const accept = () =>
    void run(async () => {
      const { meetingId } = await api.mutation(functions.meetings.invites.acceptInvite, { secret });
      go(`/meet/${meetingId}`, { replace: true });
    });
  return (
    <Page title="You are invited to a meeting">
      <div className="panel stack">
        <p className="anyLength">
          You go in as <strong>{session?.name}</strong>. Before anybody sees or hears you, you can
          choose your camera and microphone.
        </p>
        {error !== undefined && <InviteRefusal error={error} />}
        <div className="row">
          <Button look="primary" busy={busy} onClick={accept}>
            Accept and go in
          </Button>
          <Button look="quiet" onClick={() => store.end()}>
            I am somebody else
          </Button>
        </div>
      </div>
    </Page>
  );
}

/** Unknown, expired, withdrawn and used up look alike to whoever holds the link. */
function InviteRefusal({ error }: { error: unknown }) {
  if (!(error instanceof ApiError && error.code === "NOT_FOUND"))
    return <RefusalNotice error={error} />;
  return (
    <Notice tone="bad">
      This link lets nobody in any more: it has expired, was withdrawn, or was used as often as it
      may be. Ask whoever sent it for a new one.
    </Notice>
  );
}
