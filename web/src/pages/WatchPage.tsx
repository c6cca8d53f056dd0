import { Player } from "../player/Player.tsx";
import { useApi } from "../session/sessionContext.tsx";
import { Page } from "../ui/Page.tsx";

export function WatchPage({ recordingId }: { recordingId: string }) {
  const api = useApi();
  return (
    <Page title="Recording">
      <Player recordingId={recordingId} api={api} />
    </Page>
  );
}
