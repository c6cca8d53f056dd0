import type { UserIdentity } from "../../../src/auth/identity.ts";
import { type MeetingStage, person, userIdOf } from "../support/meetingCalls.ts";

export interface Status {
  _id: string;
  status: string;
  queuePosition?: number;
  potentialMatches?: number;
  estimatedWaitTime?: number;
  matchedWith?: string;
  createdAt: number;
}

export interface Current {
  matchId: string;
  meetingId: string;
  meetingState: string;
  state: string;
  reasons: string[];
  startsAt: number;
  endsAt: number;
  answerBy: number;
  hasAccepted: boolean;
  partner: { userId: string; displayName?: string; hasAccepted: boolean };
}

/** Somebody who waits for others, as they call functions. */
export interface Seeker {
  identity: UserIdentity;
  id: string;
}

export const hour = 3_600_000;

/** Wishes of people, by the published functions. */
export function matchingCalls(stage: MeetingStage, now: () => Promise<number>) {
  const seeker = async (change: Partial<UserIdentity> = {}): Promise<Seeker> => {
    const identity = person(change);
    return { identity, id: await userIdOf(stage, identity) };
  };
  return {
    seeker,
    /** Free from now on, for hours, unless said otherwise. */
    enter: async (
      { identity }: Seeker,
      wish: { from?: number; to?: number; constraints?: object } = {},
    ) => {
      const at = await now();
      return stage.call<string>(identity, "matching/queue:enterMatchingQueue", {
        availableFrom: Math.round(at + (wish.from ?? 0)),
        availableTo: Math.round(at + (wish.to ?? 2 * hour)),
        constraints: { interests: ["sustainability"], roles: ["peer"], ...wish.constraints },
      });
    },
    status: ({ identity }: Seeker) =>
      stage.call<Status | null>(identity, "matching/queue:getQueueStatus"),
    current: ({ identity }: Seeker) =>
      stage.call<Current | null>(identity, "matching/queue:getCurrentMatch"),
    say: ({ identity }: Seeker, matchId: string, outcome: string, feedback?: object) =>
      stage.call(identity, "matching/analytics:submitMatchFeedback", {
        ...{ matchId, outcome },
        ...(feedback && { feedback }),
      }),
  };
}
