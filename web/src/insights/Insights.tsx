import "./insights.css";
import type { FunctionReturnType } from "convex/server";
import { useState } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import type { PlaybackElement } from "../player/playbackElement.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { insightWords } from "../words/insights.ts";
import { placeLink } from "./placeLink.ts";

export interface InsightsProps {
  meetingId: string;
  isHost: boolean;
  /** What plays on the same page: links into that recording only move it. */
  playing?: { recordingId: string; player: PlaybackElement | null } | undefined;
}

type Insight = NonNullable<
  FunctionReturnType<typeof functions.insights.queries.getMeetingInsights>
>;

/** What one's own insights of a meeting tell, each with where it was said. */
export function Insights({ meetingId, isHost, playing }: InsightsProps) {
  const { value, error } = useLive(functions.insights.queries.getMeetingInsights, { meetingId });
  if (value === undefined)
    return error === undefined ? (
      <Spinner label={insightWords.loading} />
    ) : (
      <Trouble error={error} />
    );
  return (
    <div className="insights">
      {value === null ? <p>{insightWords.nothing}</p> : <Told insight={value} playing={playing} />}
      <div className="insights__foot">
        {value !== null && <Feedback key={value._id} insightId={value._id} />}
        {value !== null && <Removal insightId={value._id} />}
        {isHost && <Making meetingId={meetingId} isThere={value !== null} />}
      </div>
    </div>
  );
}

function Told({ insight, playing }: Pick<InsightsProps, "playing"> & { insight: Insight }) {
  const { summary, actionItems, links, recommendations } = insight;
  return (
    <>
      <p className="insights__summary">{summary}</p>
      {actionItems.length > 0 && (
        <>
          <h3>{insightWords.todo}</h3>
          <ul className="insights__list">
            {actionItems.map((item, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same
              <li key={index}>
                {item} <Evidence link={links[index]} playing={playing} />
              </li>
            ))}
          </ul>
        </>
      )}
      {recommendations.length > 0 && (
        <>
          <h3>{insightWords.others}</h3>
          <ul className="insights__list">
            {recommendations.map(({ content }) => (
              <li key={content}>{content}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Leads to where something was said. */
function Evidence({
  link,
  playing,
}: Pick<InsightsProps, "playing"> & { link: Insight["links"][number] | undefined }) {
  if (link === undefined) return null;
  const { path, place } = placeLink(link.url);
  const { player = null, recordingId } = playing ?? {};
  if (player !== null && place !== undefined && place.recordingId === recordingId)
    return (
      <Button
        look="quiet"
        small
        onClick={() => {
          player.currentTime = place.seconds;
        }}
      >
        {link.title}
      </Button>
    );
  return <Link href={path}>{link.title}</Link>;
}

function Feedback({ insightId }: { insightId: string }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const [useful, setUseful] = useState<boolean>();
  const say = (value: boolean) =>
    void run(async () => {
      const { updateInsightsFeedback } = functions.insights.mutations;
      await api.mutation(updateInsightsFeedback, { insightId, feedback: { useful: value } });
      setUseful(value);
    });
  return (
    <fieldset className="insights__feedback">
      <legend>{insightWords.useful}</legend>
      <Button small aria-pressed={useful === true} busy={busy} onClick={() => say(true)}>
        {insightWords.yes}
      </Button>
      <Button small aria-pressed={useful === false} busy={busy} onClick={() => say(false)}>
        {insightWords.no}
      </Button>
      <span role="status">{useful === undefined ? "" : insightWords.thanks}</span>
      {error !== undefined && <RefusalNotice error={error} />}
    </fieldset>
  );
}

function Removal({ insightId }: { insightId: string }) {
  const api = useApi();
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  return (
    <>
      <Button look="quietDanger" small onClick={() => setAsking(true)}>
        {insightWords.remove}
      </Button>
      {asking && (
        <Confirm
          title={insightWords.removeTitle}
          verb={insightWords.remove}
          onClose={close}
          onConfirm={async () => {
            await api.mutation(functions.insights.mutations.deleteInsights, { insightId });
            close();
          }}
        >
          {insightWords.removeText}
        </Confirm>
      )}
    </>
  );
}

function Making({ meetingId, isThere }: { meetingId: string; isThere: boolean }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const [foundNothing, setFoundNothing] = useState(false);
  const make = () =>
    void run(async () => {
      const { generateInsights } = functions.insights.generation;
      const wish = { meetingId, forceRegenerate: isThere };
      const { participantInsights } = await api.action(generateInsights, wish);
      setFoundNothing(participantInsights.length === 0);
    });
  return (
    <>
      <Button small busy={busy} onClick={make}>
        {isThere ? insightWords.again : insightWords.make}
      </Button>
      <span role="status">{foundNothing ? insightWords.foundNothing : ""}</span>
      {error !== undefined && <RefusalNotice error={error} />}
    </>
  );
}
