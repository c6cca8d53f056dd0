import "./insights.css";
import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import { ideaWords } from "../words/insights.ts";

/** What the people of a meeting that is to come could talk about. */
export function IdeasSection({ meetingId }: { meetingId: string }) {
  const api = useApi();
  const ideas = useLive(functions.prompts.queries.getPreCallPrompts, { meetingId }).value;
  const { run, busy, error } = useAction();
  const [foundNothing, setFoundNothing] = useState(false);
  if (ideas === undefined) return null;
  const isThere = ideas.length > 0;
  const get = () =>
    void run(async () => {
      const { generatePreCallIdeas } = functions.prompts.actions;
      const wish = { meetingId, forceRegenerate: isThere };
      const { promptIds } = await api.action(generatePreCallIdeas, wish);
      setFoundNothing(promptIds.length === 0);
    });
  const dismiss = (promptId: string) =>
    void run(() =>
      api.mutation(functions.prompts.mutations.updatePromptFeedback, {
        ...{ promptId, feedback: "dismissed" },
      }),
    );
  return (
    <section className="section" aria-label={ideaWords.heading}>
      <h2>{ideaWords.heading}</h2>
      <div className="panel insights">
        {isThere && (
          <ul className="insights__list">
            {ideas.map(({ _id, content }) => (
              <li key={_id}>
                {content}{" "}
                <Button look="quiet" small onClick={() => dismiss(_id)}>
                  {ideaWords.dismiss}
                  <VisuallyHidden>: {content}</VisuallyHidden>
                </Button>
              </li>
            ))}
          </ul>
        )}
        <div className="insights__foot">
          <Button small busy={busy} onClick={get}>
            {isThere ? ideaWords.again : ideaWords.get}
          </Button>
          <span role="status">{foundNothing ? ideaWords.none : ""}</span>
        </div>
        {error !== undefined && <RefusalNotice error={error} />}
      </div>
    </section>
  );
}
