import type { UserIdentity } from "../../../src/auth/identity.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import { newId } from "../../../src/core/ids.ts";
import { generateInsights } from "../../../src/insights/generate.ts";
import { runCycle } from "../../../src/matching/cycle.ts";
import { watchMeetings } from "../../../src/prompts/watch.ts";
import { meetingOf, person, userIdOf } from "../support/meetingCalls.ts";
import type { World } from "./world.ts";

/** A call of a function that is as it should be. */
export interface Example {
  /** Arguments for the world's caller, whatever has to be there made before. */
  args(world: World): object | Promise<object>;
  /** The meeting has not started. */
  scheduled?: boolean;
  /** What even those who may call it are told here, where a part is missing; where it is served is said beside. */
  refused?: ErrorCode;
}

const ofMeeting = (more: object = {}): Example => ({
  args: ({ meetingId }) => ({ meetingId, ...more }),
});
const none: Example = { args: () => ({}) };
const ofPerson = (more: object = {}): Example => ({
  args: ({ ids }) => ({ userId: ids.participant, ...more }),
});

const meetings = "meetings/lifecycle";
const stream = "meetings/stream/index";

async function recorded({ asHost, meetingId, test }: World) {
  // A host may start three recordings a minute.
  await test.advanceTime(61_000);
  const { recordingId } = await asHost<{ recordingId: string }>(`${stream}:startRecording`, {
    meetingId,
  });
  return { recordingId };
}

async function stopped(world: World) {
  const { recordingId } = await recorded(world);
  await world.asHost(`${stream}:stopRecording`, { meetingId: world.meetingId });
  await world.test.sql("UPDATE recordings SET state = 'ready', deadline_at = NULL WHERE id = $1", [
    recordingId,
  ]);
  return { recordingId };
}

const url = "https://hooks.example.org";

async function endpointOf({ orgId, asAdmin }: World) {
  const create = "webhooks/mutations:createEndpoint";
  const { endpointId } = await asAdmin<{ endpointId: string }>(create, { url });
  return { orgId, endpointId };
}

async function invited({ asHost, meetingId }: World) {
  return asHost<{ inviteId: string; secret: string }>("meetings/invites:createInvite", {
    meetingId,
  });
}

/** Somebody of the organisation who is in no meeting. */
const newcomer = ({ stage, orgId }: World) => userIdOf(stage, person({ orgId }));

const profile = {
  ...{ displayName: "Alice", bio: "Ten characters and more", languages: ["en"], age: 30 },
  ...{ gender: "female", linkedinUrl: "https://www.linkedin.com/in/alice" },
};

const signaling = "meetings/webrtc/signaling";

/** The meeting becomes one that connects people peer to peer. */
async function peerMeeting({ test, meetingId }: World) {
  await test.sql("UPDATE meetings SET tier = 'free' WHERE id = $1", [meetingId]);
  return { meetingId };
}

/** The caller has a window open in it. */
async function peerSession(world: World) {
  const window = { ...(await peerMeeting(world)), sessionId: "window" };
  await world.stage.call(
    world.identities[world.caller],
    `${signaling}:createWebRTCSession`,
    window,
  );
  return window;
}

const withSession = (more: object): Example => ({
  args: async (world) => ({ ...(await peerSession(world)), ...more }),
});

const description = { type: "offer", sdp: "v=0" };
const stats = { bitrate: 1_000_000, packetLoss: 0, latency: 50, jitter: 5 };

const peerExamples: Readonly<Record<string, Example>> = {
  "rooms:generateParticipantAccessToken": { args: peerMeeting },
  "rooms:handleConnectionFailure": withSession({ errorType: "ice_failed" }),
  "rooms:initializeWebRTCRoom": { args: peerMeeting },
  "rooms:monitorConnectionQuality": withSession({ stats }),
  "signaling:closeSession": withSession({}),
  "signaling:createWebRTCSession": {
    args: async (world) => ({ ...(await peerMeeting(world)), sessionId: "window" }),
  },
  "signaling:exchangeICECandidate": withSession({ candidate: { candidate: "candidate:1" } }),
  "signaling:exchangeSessionDescription": withSession({ description }),
  "signaling:getActiveSessions": { args: peerMeeting },
  "signaling:getPendingSignals": { args: peerMeeting },
  "signaling:markSignalsProcessed": { args: () => ({ signalIds: [] }) },
  "signaling:updateSessionState": withSession({ state: "connected" }),
};

/** Each is served under two addresses. */
function peerFunctions(): Record<string, Example> {
  const all = Object.entries(peerExamples).flatMap(([name, example]) => [
    [`meetings/webrtc/${name}`, example],
    [`meetings/webrtc/index:${name.split(":")[1]}`, example],
  ]);
  return Object.fromEntries(all);
}

const subscribed = { subscriptionId: "window", lastValidated: 0 };

/** Whoever may call these subscribes to what they are in: who is in no meeting, to nothing. */
const subscriptionExamples: Readonly<Record<string, Example>> = {
  "realtime/subscriptionActions:validateAndLogSubscription": { args: () => subscribed },
  "realtime/subscriptionManager:establishSubscription": {
    args: async (world) => ({
      ...{ subscriptionId: "window", resourceType: "participants", priority: "high" },
      resourceId: await meetingWithCaller(world),
    }),
  },
  "realtime/subscriptionManager:getSubscriptionStats": none,
  "realtime/subscriptionManager:terminateSubscription": {
    args: () => ({ subscriptionId: "window", reason: "The page was closed" }),
  },
  "realtime/subscriptionManager:validateAndUpdateSubscription": { args: () => subscribed },
  "realtime/subscriptions:subscribeMeetingParticipants": ofMeeting({ subscriptionId: "window" }),
  "realtime/subscriptions:subscribeTranscriptStream": {
    args: async (world) => ({ ...(await spoken(world)), subscriptionId: "window" }),
  },
  "realtime/subscriptions:validateSubscription": {
    args: ({ meetingId: resourceId }) => ({
      ...{ ...subscribed, resourceType: "participants", resourceId },
    }),
  },
};

/** The host has said something. */
async function spoken({ asHost, meetingId, ids }: World) {
  const sentence = "Let us begin with the plans.";
  await asHost("transcripts/ingestion:ingestTranscriptChunk", {
    ...{ meetingId, speakerId: ids.host, text: sentence, confidence: 0.9 },
    ...{ startTime: 0, endTime: 1_500 },
  });
  return { meetingId };
}

/** Something was captured that can be listened to. */
async function captured(world: World) {
  const { recordingId } = await stopped(world);
  await world.test.sql(
    "UPDATE recordings SET provider = 'embedded', tracks = $2::jsonb WHERE id = $1",
    [recordingId, JSON.stringify([track])],
  );
  return { recordingId };
}

const track = {
  ...{ trackId: "t1", participantId: "p1", participantName: "Alice", source: "camera" },
  ...{ kind: "audio", codec: "opus", startMs: 0, endMs: 1_500, sizeBytes: 10_000 },
};

/** The caller, if they are in the meeting. */
const speakerOf = ({ caller, ids }: World) =>
  caller === "observer" || caller === "participant" ? ids[caller] : ids.host;

/** A line of the transcript that the caller has said. */
async function ownLine(world: World) {
  const { meetingId } = await spoken(world);
  const [line] = await world.test.sql<{ id: string }>(
    "UPDATE transcripts SET speaker_id = $2 WHERE meeting_id = $1 RETURNING id",
    [meetingId, speakerOf(world)],
  );
  return { meetingId, lineId: line?.id };
}

const said = { text: "I agree.", confidence: 0.8 };

const transcriptExamples: Readonly<Record<string, Example>> = {
  "realtime/batchedOperations:batchIngestTranscriptChunk": ofMeeting({
    ...{ ...said, startMs: 2_000, endMs: 2_800 },
  }),
  "transcripts/actions:transcribeRecording": { args: captured },
  "transcripts/ingestion:getTranscriptChunks": { args: spoken },
  "transcripts/ingestion:getTranscriptStats": { args: spoken },
  "transcripts/ingestion:ingestTranscriptChunk": ofMeeting({
    ...{ ...said, startTime: 2_000, endTime: 2_800 },
  }),
  "transcripts/mutations:correctLine": {
    args: async (world) => ({ ...(await ownLine(world)), text: "Let us begin with the plants." }),
  },
  "transcripts/mutations:deleteSpeakerLines": {
    args: async (world) => ({ ...(await spoken(world)), speakerId: speakerOf(world) }),
  },
  "transcripts/mutations:deleteTranscript": { args: spoken },
  "transcripts/mutations:setTranscriptionEnabled": ofMeeting({ enabled: false }),
  "transcripts/queries:getLineCorrections": { args: ownLine },
  "transcripts/queries:getTranscriptSegments": { args: spoken },
  "transcripts/queries:getTranscriptStatus": {
    args: async (world) => ({ meetingId: world.meetingId, ...(await captured(world)) }),
  },
};

const monitoring = "monitoring/bandwidthManager";

/** Another node has told of these. */
async function brokenBreaker({ test }: World) {
  await test.sql(
    `INSERT INTO nodes (id, gauges, breakers) VALUES ('another', $1, $2) ON CONFLICT DO NOTHING`,
    [
      {
        connections: 1,
        subscriptions: 2,
        queries: 2,
        calls: 3,
        presences: 0,
        cpu: 0.5,
        memory: 0.5,
      },
      JSON.stringify([
        { service: "getstream", operation: "createRoom", state: "open", failures: 7 },
      ]),
    ],
  );
  return { serviceName: "getstream.createRoom" };
}

const performance = "monitoring/performanceQueries";
const inWindow = { args: () => ({ timeWindowMs: 600_000 }) };

const monitoringExamples: Readonly<Record<string, Example>> = {
  [`${monitoring}:checkBandwidthLimit`]: {
    args: () => ({ requestType: "query", estimatedBytes: 100 }),
  },
  [`${monitoring}:executeWithCircuitBreaker`]: {
    args: () => ({ operationId: "once", serviceName: "embedded.recordingState" }),
  },
  [`${monitoring}:getBandwidthStats`]: { args: () => ({ includeGlobal: true }) },
  [`${monitoring}:getCircuitBreakerStatus`]: none,
  [`${monitoring}:resetCircuitBreaker`]: { args: brokenBreaker },
  [`${performance}:getFunctionPerformanceBreakdown`]: inWindow,
  [`${performance}:getPerformanceMetrics`]: {
    args: () => ({ functionName: "users/queries:getCurrentUser", limit: 5 }),
  },
  [`${performance}:getPerformanceTrends`]: {
    args: () => ({ timeWindowMs: 600_000, bucketSizeMs: 60_000 }),
  },
  [`${performance}:getSLOStatus`]: inWindow,
  [`${performance}:getSubscriptionMetrics`]: { args: () => ({ subscriptionId: "window" }) },
  [`${performance}:recordCustomMetric`]: {
    args: () => ({ metricName: "page.load", value: 1.5, tags: { page: "room" } }),
  },
  "realtime/batchedOperations:batchUpdatePresence": ofMeeting({
    ...{ presence: "joined", metadata: { window: "room" } },
  }),
  "realtime/batchedOperations:flushAllBatches": none,
  "realtime/batchedOperations:getBatchStats": none,
  [`${monitoring}:shouldShedLoad`]: { args: () => ({ requestPriority: "low" }) },
};

/** Operations under ids of their own, of a text that is empty; the text they make is shown nowhere. */
const operation = { type: "insert", position: 0, content: "- [ ] Ask Ann" } as const;
const ofClient = (more: object = {}): Example => ofMeeting({ clientId: "laptop", ...more });
const queued: Example = {
  args: ({ meetingId, ids, caller }) => ({
    ...{ meetingId, clientId: "laptop" },
    operations: [
      {
        ...{ ...operation, id: "laptop-1", clientId: "laptop", sequence: 0 },
        authorId: caller === "participant" ? ids.participant : ids.host,
        ...{ queuedAt: 0, timestamp: 0, attempts: 0, status: "pending" },
      },
    ],
  }),
};
const checkpointData = { sequence: 0, version: 0, contentHash: "e3b0c442", timestamp: 0 };

const noteExamples: Readonly<Record<string, Example>> = {
  "mutations:applyNoteOperation": ofMeeting({ operation, clientSequence: 0 }),
  "mutations:batchApplyNoteOperations": ofMeeting({
    operations: [{ operation, clientSequence: 0 }],
  }),
  "mutations:rollbackToSequence": {
    args: async ({ asHost, meetingId }) => {
      const change = { meetingId, operation, clientSequence: 0 };
      await asHost("notes/mutations:applyNoteOperation", change);
      return { meetingId, targetSequence: 0, reason: "Deleted by mistake" };
    },
  },
  "offline:clearSyncedOperations": ofClient({ olderThanMs: 60_000 }),
  "offline:createOfflineCheckpoint": ofClient({ checkpointData }),
  "offline:getOfflineQueueStatus": ofClient(),
  "offline:queueOfflineOperations": queued,
  "offline:restoreFromCheckpoint": {
    args: async ({ stage, identities, caller, meetingId }) => {
      const client = { meetingId, clientId: "laptop" };
      const { checkpointId } = await stage.call<{ checkpointId: string }>(
        ...([identities[caller], "notes/offline:createOfflineCheckpoint"] as const),
        { ...client, checkpointData },
      );
      return { ...client, checkpointId };
    },
  },
  "offline:retryFailedOperations": ofClient({ maxRetries: 5 }),
  "offline:syncOfflineOperations": ofClient({ maxOperations: 100 }),
  "queries:getMeetingNotes": ofMeeting(),
};

/** Each is served under two addresses. */
function noteFunctions(): Record<string, Example> {
  const all = Object.entries(noteExamples).flatMap(([name, example]) => [
    [`notes/${name}`, example],
    [`notes/index:${name.split(":")[1]}`, example],
  ]);
  return {
    ...Object.fromEntries(all),
    "realtime/batchedOperations:batchApplyNoteOperation": ofMeeting({
      ...{ operation, clientSequence: 0, expectedVersion: 0 },
    }),
    "realtime/subscriptions:subscribeMeetingNotes": ofMeeting({ subscriptionId: "window" }),
  };
}

/** The meeting is over, and somebody has promised something. */
async function concluded(world: World) {
  const { asHost, meetingId, ids } = world;
  await asHost("transcripts/ingestion:ingestTranscriptChunk", {
    ...{ meetingId, speakerId: ids.host, confidence: 0.9, startTime: 0, endTime: 1_500 },
    text: "I will send the plans to the board by Monday.",
  });
  await asHost("meetings/lifecycle:endMeeting", { meetingId });
  return { meetingId };
}

/** What the participant has of it, whom calls about a user are about. */
async function insightOf(world: World) {
  const { meetingId } = await concluded(world);
  await generateInsights(world.stage.services, meetingId, "missing", new AbortController().signal);
  const [row] = await world.test.sql<{ id: string }>(
    "SELECT id FROM insights WHERE meeting_id = $1 AND user_id = $2",
    [meetingId, world.ids.participant],
  );
  return { insightId: row?.id };
}

const insightExamples: Readonly<Record<string, Example>> = {
  "generation:generateInsights": { args: concluded },
  "mutations:deleteInsights": { args: insightOf },
  "mutations:updateInsightsFeedback": {
    args: async (world) => ({
      ...(await insightOf(world)),
      feedback: { read: true, useful: true, rating: 5, notes: "I had forgotten that." },
    }),
  },
  "queries:getConnectionRecommendations": { args: () => ({ limit: 5 }) },
  "queries:getInsightById": { args: insightOf },
  "queries:getMeetingInsights": {
    args: async (world) => {
      await insightOf(world);
      return { meetingId: world.meetingId };
    },
  },
  "queries:getUserInsights": { args: () => ({ limit: 5, offset: 0 }) },
};

/** Two people of the meeting are interested in the same. */
async function ideasOf({ asHost, test, meetingId, ids }: World) {
  for (const userId of [ids.host, ids.participant]) {
    await test.sql("UPDATE users SET display_name = coalesce(display_name, 'Ann') WHERE id = $1", [
      userId,
    ]);
    await test.sql(
      "INSERT INTO user_interests (user_id, interest_key) VALUES ($1, 'public-speaking') ON CONFLICT DO NOTHING",
      [userId],
    );
  }
  const { promptIds } = await asHost<{ promptIds: string[] }>(
    "prompts/actions:generatePreCallIdeas",
    {
      meetingId,
    },
  );
  return { promptId: promptIds[0] };
}

/** There has been a silence. */
async function lullOf(world: World) {
  const { meetingId } = await spoken(world);
  await world.test.advanceTime(40_000);
  await watchMeetings(world.test.db, 1_000);
  return { meetingId };
}

const promptExamples: Readonly<Record<string, Example>> = {
  "actions:generatePreCallIdeas": {
    args: async (world) => {
      await ideasOf(world);
      return { meetingId: world.meetingId, forceRegenerate: true };
    },
  },
  "mutations:updatePromptFeedback": {
    args: async (world) => ({ ...(await ideasOf(world)), feedback: "upvoted" }),
  },
  "queries:getInCallPrompts": { args: async (world) => ({ ...(await lullOf(world)), limit: 3 }) },
  "queries:getPreCallPrompts": {
    args: async (world) => {
      await ideasOf(world);
      return { meetingId: world.meetingId, limit: 3 };
    },
  },
  "queries:subscribeToInCallPrompts": { args: lullOf },
};

/** Each is served under two addresses. */
function learnedFunctions(): Record<string, Example> {
  const under = (room: string, of: Readonly<Record<string, Example>>) =>
    Object.entries(of).flatMap(([name, example]) => [
      [`${room}/${name}`, example],
      [`${room}/index:${name.split(":")[1]}`, example],
    ]);
  return Object.fromEntries([
    ...under("insights", insightExamples),
    ...under("prompts", promptExamples),
    ...under("embeddings", embeddingExamples),
  ]);
}

const shortVector = Buffer.from(new Float32Array([0.5, 0.5, 0.5, 0.5]).buffer);

/** The meeting's title has an embedding, by a model of four dimensions. */
async function embeddedTitle({ test, meetingId }: World) {
  const embeddingId = newId("embeddings");
  await test.sql(
    `INSERT INTO embeddings (id, source_type, source_id, model, version, dimensions, vector, took_ms, meeting_id)
     VALUES ($1, 'meeting', $2, 'small', '1', 4, $3, 7, $2)`,
    [embeddingId, meetingId, shortVector],
  );
  await test.sql(
    `INSERT INTO vector_indexes (id, provider, name, dimensions, threshold, is_active)
     VALUES ($1, 'embedded', 'small', 4, 0.35, false) ON CONFLICT DO NOTHING`,
    [newId("vectorIndexMeta")],
  );
  return { embeddingId };
}

const withTitle = (args: (world: World) => object): Example => ({
  args: async (world) => {
    await embeddedTitle(world);
    return args(world);
  },
});

const embeddingExamples: Readonly<Record<string, Example>> = {
  "actions:generateEmbedding": {
    args: ({ meetingId: sourceId }) => ({
      ...{ sourceType: "meeting", sourceId, content: "Planning of the next quarter" },
      metadata: { language: "en" },
    }),
  },
  "queries:getEmbedding": { args: embeddedTitle },
  "queries:getEmbeddingAnalytics": none,
  "queries:getEmbeddingsByModel": withTitle(() => ({
    ...{ model: "small", paginationOpts: { cursor: null, numItems: 1 } },
  })),
  "queries:getEmbeddingsBySource": withTitle(({ meetingId: sourceId }) => ({
    ...{ sourceType: "meeting", sourceId, paginationOpts: { cursor: null, numItems: 5 } },
  })),
  "queries:getVectorIndexMeta": withTitle(() => ({
    paginationOpts: { cursor: null, numItems: 5 },
  })),
  "queries:vectorSimilaritySearch": withTitle(() => ({
    queryVector: shortVector.toString("base64"),
    ...{ limit: 1, model: "small", sourceTypes: ["meeting"], threshold: 0.5 },
  })),
};

const searchExamples: Readonly<Record<string, Example>> = {
  "transcripts/search:searchTranscripts": {
    args: async (world) => {
      const { asHost, meetingId, ids } = world;
      await asHost("transcripts/ingestion:ingestTranscriptChunk", {
        ...{ meetingId, speakerId: ids.host, confidence: 0.9, startTime: 0, endTime: 1_500 },
        text: "The budget is enough until the end of the year.",
      });
      return { query: "budget", limit: 5 };
    },
  },
};

const wants = { interests: ["public-speaking"], roles: ["peer"] };

/** When somebody is free: from now on, two hours. */
async function freeTime({ test }: World) {
  const [row] = await test.sql<{ now: Date }>("SELECT app_now() AS now");
  const availableFrom = row?.now.getTime() ?? 0;
  return { availableFrom, availableTo: availableFrom + 7_200_000 };
}

/** People of the caller's organisation have been brought together so many times; every second match came to something. */
async function matchedBefore(world: World, count: number): Promise<void> {
  const { test, meetingId, ids, caller } = world;
  const name = `'${meetingId}/' || n`;
  const people = caller === "otherOrgAdmin" ? [ids.otherOrgAdmin] : [ids.host, ids.participant];
  await test.sql(
    `INSERT INTO meetings (id, organizer_id, title, duration_ms, tier, recording_permitted, transcription_enabled, max_participants)
     SELECT ${name}, $2, 'Talk', 1800000, 'free', false, false, 2 FROM generate_series(1, $1::int) n`,
    [count, ids.host],
  );
  await test.sql(
    `INSERT INTO matching_queue (id, user_id, available_from, available_to, interests, roles, own_org, status)
     SELECT ${name} || who, who, app_now(), app_now() + interval '1 hour', '{}', '{}', false, 'matched'
     FROM generate_series(1, $1::int) n, unnest($2::text[]) who`,
    [count, people],
  );
  await test.sql(
    `INSERT INTO matches (id, meeting_id, state, score, features, weights, reasons, starts_at, ends_at, answer_by)
     SELECT ${name}, ${name}, CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'declined' END, 0.5,
       jsonb_build_object('interestOverlap', n % 2), '{}', '{}', app_now(), app_now() + interval '1 hour', app_now()
     FROM generate_series(1, $1::int) n`,
    [count],
  );
  await test.sql(
    `INSERT INTO match_people (match_id, user_id, entry_id, id, waited_ms, is_open)
     SELECT ${name}, who, ${name} || who, ${name} || who, 0, false
     FROM generate_series(1, $1::int) n, unnest($2::text[]) who`,
    [count, people],
  );
}

/** Only those wait who are about to. */
async function nobodyWaits({ test }: World) {
  await test.sql("UPDATE match_people SET is_open = false");
  await test.sql("UPDATE matching_queue SET status = 'cancelled'");
  await test.advanceTime(61_000);
}

/** The caller waits, or the participant where the caller is nobody who could. */
async function waiting(world: World) {
  const { stage, identities, caller } = world;
  await nobodyWaits(world);
  const identity = identities[caller];
  const who = identity.kind === "user" ? identity : identities.participant;
  const wish = { ...(await freeTime(world)), constraints: wants };
  return { queueId: await stage.call<string>(who, "matching/queue:enterMatchingQueue", wish) };
}

/** The caller is matched with somebody. */
async function matchedCaller(world: World) {
  const { stage } = world;
  const { queueId } = await waiting(world);
  const partner = person({ name: "Partner" });
  const wish = { ...(await freeTime(world)), constraints: wants };
  await stage.call(partner, "matching/queue:enterMatchingQueue", wish);
  await runCycle(stage.services, { minScore: 0.6, maxMatches: 1 });
  const [row] = await world.test.sql<{ id: string }>(
    "SELECT match_id AS id FROM match_people WHERE entry_id = $1",
    [queueId],
  );
  return { matchId: row?.id ?? "" };
}

/** The caller's match has been accepted by both. */
async function acceptedMatch(world: World) {
  const { matchId } = await matchedCaller(world);
  await world.test.sql("UPDATE matches SET state = 'accepted' WHERE id = $1", [matchId]);
  return { matchId };
}

const matchingExamples: Readonly<Record<string, Example>> = {
  "analytics:getGlobalMatchingAnalytics": { args: () => ({ timeRange: 604_800_000 }) },
  "analytics:getMatchHistory": {
    args: async (world) => {
      await acceptedMatch(world);
      return { limit: 5, offset: 0 };
    },
  },
  "analytics:getMatchingStats": {
    args: async (world) => {
      await acceptedMatch(world);
      return {};
    },
  },
  "analytics:optimizeMatchingWeights": {
    args: async (world) => {
      await matchedBefore(world, 100);
      return { minSamples: 100 };
    },
  },
  "analytics:submitMatchFeedback": {
    args: async (world) => ({
      ...(await matchedCaller(world)),
      ...{ outcome: "accepted", feedback: { rating: 5, comments: "I am curious" } },
    }),
  },
  "engine:runMatchingCycle": {
    args: async (world) => {
      await nobodyWaits(world);
      return { minScore: 0.6, maxMatches: 50 };
    },
  },
  "queue:cancelQueueEntry": { args: waiting },
  "queue:enterMatchingQueue": {
    args: async (world) => {
      await nobodyWaits(world);
      return { ...(await freeTime(world)), constraints: wants };
    },
  },
  "queue:getQueueStatus": {
    args: async (world) => {
      await waiting(world);
      return {};
    },
  },
  "scoring:calculateCompatibilityScore": {
    args: async (world) => ({
      ...{ user1Id: world.ids.participant, user2Id: await newcomer(world) },
      ...{ user1Constraints: wants, user2Constraints: wants },
    }),
  },
};

/** The published ones under two addresses. */
function matchingFunctions(): Record<string, Example> {
  const all = Object.entries(matchingExamples).flatMap(([name, example]) => [
    [`matching/${name}`, example],
    [`matching/index:${name.split(":")[1]}`, example],
  ]);
  return {
    ...Object.fromEntries(all),
    "matching/queue:getActiveQueueEntries": {
      args: async (world) => {
        await waiting(world);
        return { limit: 5, timeWindow: 86_400_000 };
      },
    },
    "matching/queue:getCurrentMatch": {
      args: async (world) => {
        await matchedCaller(world);
        return {};
      },
    },
    "matching/queue:updateQueueStatus": {
      args: async (world) => ({ ...(await waiting(world)), status: "expired" }),
    },
  };
}

/** A meeting that the caller is in. */
async function meetingWithCaller({ stage, identities, caller, meetingId }: World) {
  const identity = identities[caller];
  const isInIt = ["observer", "participant", "host"].includes(caller);
  return isInIt || identity.kind !== "user" ? meetingId : meetingOf(stage, identity);
}

/** One for every function of the registry. */
export const examples: Readonly<Record<string, Example>> = {
  ...peerFunctions(),
  ...subscriptionExamples,
  ...monitoringExamples,
  ...transcriptExamples,
  ...noteFunctions(),
  ...learnedFunctions(),
  ...searchExamples,
  ...matchingFunctions(),
  "audit/logging:getAuditLogs": {
    args: ({ caller, meetingId, orgId }) => ({
      ...{ resourceType: "meeting", resourceId: meetingId, limit: 5 },
      ...(caller === "adminKey" && { orgId }),
    }),
  },
  "auth/permissions:refreshSubscriptionPermissions": {
    args: ({ meetingId: resourceId }) => ({
      subscriptions: [
        { resourceId, resourceType: "transcripts", permissions: ["read"], lastValidated: 0 },
      ],
    }),
  },
  "auth/permissions:validateSubscriptionPermissions": {
    args: ({ meetingId: resourceId }) => ({
      ...{ resourceId, resourceType: "meetingNotes", requiredPermissions: ["read"] },
    }),
  },
  "interests/queries:getCurrentUserInterests": { args: () => ({}) },
  "interests/queries:listCatalog": { args: () => ({ category: "skill", limit: 5 }) },
  "meetings/invites:acceptInvite": {
    args: async (world) => ({ secret: (await invited(world)).secret }),
  },
  "meetings/invites:createInvite": ofMeeting({ role: "observer", maxUses: 2 }),
  "meetings/invites:listInvites": ofMeeting(),
  "meetings/invites:revokeInvite": {
    args: async (world) => ({ inviteId: (await invited(world)).inviteId }),
  },
  [`${meetings}:addMultipleParticipants`]: {
    args: async (world) => ({
      meetingId: world.meetingId,
      participants: [{ userId: await newcomer(world), role: "participant" }],
    }),
  },
  [`${meetings}:addParticipant`]: {
    args: async (world) => ({
      ...{ meetingId: world.meetingId, userId: await newcomer(world), role: "co-host" },
    }),
  },
  [`${meetings}:cancelMeeting`]: { ...ofMeeting(), scheduled: true },
  [`${meetings}:createMeeting`]: {
    args: ({ caller, ids }) => ({
      title: "Planning",
      ...(caller === "adminKey" && { organizerId: ids.host }),
    }),
  },
  [`${meetings}:endMeeting`]: ofMeeting(),
  [`${meetings}:getMeetingConnectionInfo`]: ofMeeting(),
  [`${meetings}:joinMeeting`]: ofMeeting(),
  [`${meetings}:leaveMeeting`]: ofMeeting(),
  [`${meetings}:removeParticipant`]: {
    args: ({ meetingId, ids }) => ({ meetingId, userId: ids.participant }),
  },
  [`${meetings}:startMeeting`]: { ...ofMeeting(), scheduled: true },
  [`${meetings}:updateParticipantRole`]: {
    args: ({ meetingId, ids }) => ({ meetingId, userId: ids.participant, newRole: "host" }),
  },
  "meetings/queries:getMeeting": ofMeeting(),
  "meetings/queries:listMeetingParticipants": ofMeeting(),
  "meetings/queries:listUserMeetings": { args: () => ({ limit: 5, state: "active" }) },
  "meetings/stateTracking:recordActivity": ofMeeting({ activityType: "message" }),
  "meetings/stateTracking:updateCurrentTopics": ofMeeting({ topics: ["Plans"] }),
  "meetings/stateTracking:updateSpeakingStats": {
    args: ({ meetingId, ids, caller }) => ({
      meetingId,
      userId: caller === "host" ? ids.host : ids.participant,
      speakingDurationMs: 10,
    }),
  },
  [`${stream}:generateParticipantTokenPublic`]: ofMeeting(),
  [`${stream}:startRecording`]: ofMeeting({ recordingConfig: { layout: "grid" } }),
  [`${stream}:stopRecording`]: {
    args: async (world) => ({ meetingId: world.meetingId, ...(await recorded(world)) }),
  },
  "profiles/mutations:createProfile": { args: () => profile },
  "profiles/mutations:updateProfile": { args: () => ({ ...profile, bio: "" }) },
  "profiles/queries:getCurrentUserProfile": none,
  "profiles/queries:getProfileByUserIdPublic": {
    args: async ({ stage, identities, ids }) => {
      await stage.call(identities.participant, "profiles/mutations:createProfile", profile);
      return { userId: ids.participant };
    },
  },
  "recordings/actions:composeRecording": {
    args: async (world) => ({ ...(await stopped(world)), layout: "spotlight" }),
  },
  "recordings/actions:createDownloadLink": { args: stopped },
  // Served from what was captured: playback.test.ts.
  "recordings/actions:getPlayback": { args: stopped, refused: "CONFLICT" },
  "recordings/actions:pauseRecording": { args: recorded },
  "recordings/actions:resumeRecording": { args: recorded },
  "recordings/mutations:deleteRecording": { args: stopped },
  "recordings/queries:getRecording": { args: stopped },
  "recordings/queries:listRecordings": ofMeeting({ limit: 5 }),
  "settings/mutations:updateSettings": { args: () => ({ dataSharing: true }) },
  "settings/queries:getCurrentUserSettings": none,
  "users/mutations:deactivateUser": {
    // Whoever is deactivated can call no more: somebody else each time.
    args: async (world) => ({
      userId:
        world.caller === "orgAdmin" || world.caller === "adminKey"
          ? await newcomer(world)
          : world.ids.participant,
    }),
  },
  "users/mutations:saveOnboarding": {
    args: () => ({
      ...{ age: 30, bio: "Ten characters and more", company: "Acme", field: "Law" },
      ...{ gender: "male", jobTitle: "Judge", idempotencyKey: "once" },
      interests: [{ id: "chess", name: "Chess", category: "personal", iconName: "chess" }],
    }),
  },
  "users/mutations:setPlan": { args: ({ ids }) => ({ userId: ids.participant, plan: "paid" }) },
  "users/mutations:updateLastSeen": none,
  "users/mutations:updateUserInterests": ofPerson({ interests: ["sustainability"] }),
  "users/mutations:updateUserProfile": ofPerson({ displayName: "Alice" }),
  "users/mutations:upsertUser": {
    args: ({ caller, identities }) => ({
      workosUserId: (identities[caller] as Partial<UserIdentity>).subject ?? "somebody",
      email: "somebody@example.test",
    }),
  },
  "users/queries:getCurrentUser": none,
  "users/queries:getOnboardingState": none,
  "users/queries:getUserById": ofPerson(),
  "users/queries:getUserProfile": ofPerson(),
  "users/queries:listActiveUsersInOrg": {
    args: () => ({ paginationOpts: { cursor: null, numItems: 2 } }),
  },
  "webhooks/mutations:createEndpoint": { args: ({ orgId }) => ({ orgId, url }) },
  "webhooks/mutations:deleteEndpoint": { args: endpointOf },
  "webhooks/mutations:replayDelivery": {
    args: async (world) => {
      const endpoint = await endpointOf(world);
      const { eventId } = await world.asAdmin<{ eventId: string }>(
        "webhooks/mutations:sendTestEvent",
        endpoint,
      );
      return { ...endpoint, eventId };
    },
  },
  "webhooks/mutations:rotateSecret": { args: endpointOf },
  "webhooks/mutations:sendTestEvent": { args: endpointOf },
  "webhooks/mutations:updateEndpoint": {
    args: async (world) => ({ ...(await endpointOf(world)), enabled: false }),
  },
  "webhooks/queries:listDeliveries": { args: endpointOf },
  "webhooks/queries:listEndpoints": { args: ({ orgId }) => ({ orgId }) },
};
