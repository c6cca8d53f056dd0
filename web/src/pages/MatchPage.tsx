import "../matching/matching.css";
import { useState } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { EnterForm } from "../matching/EnterForm.tsx";
import { MatchOffer } from "../matching/MatchOffer.tsx";
import { Waiting } from "../matching/Waiting.tsx";
import { allInterests } from "../profile/InterestChoice.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";

/** Where people are brought together: they say when they are free, wait, and answer. */
export function MatchPage() {
  const { getCurrentMatch, getQueueStatus } = functions.matching.queue;
  const status = useLive(getQueueStatus, {});
  const match = useLive(getCurrentMatch, {});
  const isHere = status.value !== undefined && match.value !== undefined;
  const isWaiting = status.value?.status === "waiting";
  const hasLost = useLoss(match.value?.matchId, isHere && isWaiting);
  return (
    <Page
      title="Meet somebody"
      trail={
        <nav className="trail" aria-label="Where you are">
          <Link href="/">← My meetings</Link>
        </nav>
      }
    >
      <Trouble error={status.error ?? match.error} />
      {!isHere && (status.loading || match.loading) && (
        <Skeleton rows={3} label="How it stands is being fetched" />
      )}
      {hasLost && (
        <Notice>Nothing has come of that match. You have your old place in the queue again.</Notice>
      )}
      {isHere && match.value && <MatchOffer key={match.value.matchId} match={match.value} />}
      {isHere && !match.value && isWaiting && status.value && <Waiting status={status.value} />}
      {isHere && !match.value && !isWaiting && (
        <Enter isOver={status.value?.status === "expired"} />
      )}
    </Page>
  );
}

/** Whether somebody who waits was matched while they looked on. */
function useLoss(matchId: string | undefined, isWaiting: boolean): boolean {
  const [seen, setSeen] = useState<string>();
  if (matchId !== undefined && matchId !== seen) setSeen(matchId);
  return isWaiting && matchId === undefined && seen !== undefined;
}

function Enter({ isOver }: { isOver: boolean }) {
  const { listCatalog, getCurrentUserInterests } = functions.interests.queries;
  const catalogue = useLive(listCatalog, {});
  const own = useLive(getCurrentUserInterests, {});
  const { value: user } = useLive(functions.users.queries.getCurrentUser, {});
  return (
    <>
      {isOver && <Notice>Nobody was found in time. You can wait for somebody again.</Notice>}
      <p>
        Say when you are free and what you would like to talk about. Who fits and is free too is
        looked for; you both see why, and say yes or no.
      </p>
      <Trouble error={catalogue.error ?? own.error} />
      {catalogue.value !== undefined && own.value !== undefined && user !== undefined && (
        <EnterForm
          interests={allInterests(catalogue.value, own.value)}
          own={own.value.map(({ key }) => key)}
          hasOrganisation={user?.orgId !== undefined}
        />
      )}
    </>
  );
}
