import { functions } from "../../api/functions.ts";
import { useApi } from "../../api/liveContext.tsx";
import { useLive } from "../../api/useLive.ts";
import { Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { VisuallyHidden } from "../../ui/VisuallyHidden.tsx";
import { promptWords } from "../../words/insights.ts";
import { useRoom } from "../state/roomContext.ts";
import { useFresh } from "./useFresh.ts";

/** What the conversation could go on with: the newest suggestion, for a while. */
export function Prompts() {
  const { context, meeting } = useRoom();
  const { meetingId } = context;
  const api = useApi();
  const { subscribeToInCallPrompts } = functions.prompts.queries;
  const prompts = useLive(subscribeToInCallPrompts, { meetingId }).value?.prompts;
  const { fresh, forget } = useFresh(prompts);
  if (fresh === undefined) return null;
  const answer = (feedback: "used" | "dismissed") => {
    forget();
    // Whoever only watches answers for nobody else. That it is gone here does not wait for the server.
    if (meeting.userRole === "observer") return;
    const { updatePromptFeedback } = functions.prompts.mutations;
    api.mutation(updatePromptFeedback, { promptId: fresh._id, feedback }).catch(() => undefined);
  };
  return (
    <Notice
      action={
        <>
          <Button small onClick={() => answer("used")}>
            {promptWords.used}
          </Button>
          <Button small look="quiet" onClick={() => answer("dismissed")}>
            {promptWords.dismiss}
          </Button>
        </>
      }
    >
      <VisuallyHidden>{promptWords.label}: </VisuallyHidden>
      {fresh.content}
    </Notice>
  );
}
