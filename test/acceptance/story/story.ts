import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { expect } from "vitest";
import { type Args, personWith, signIn } from "../support/person.ts";
import { haveSent, mediaOf, publish } from "../support/publishing.ts";
import { eventually, until } from "../support/until.ts";
import { Actor } from "./actor.ts";
import { ApiDocument } from "./apiDocument.ts";

/** What the story is told of the servers it plays on. */
export interface Stage {
  /** The one address of all of them. */
  readonly url: string;
  readonly adminKey: string;
  /** An address that webhooks may be sent to. */
  readonly hooksUrl: string;
  /** Kills servers while everybody is busy, and has them back when it resolves. */
  disturb(): Promise<void>;
}

type Row = Record<string, unknown>;

const orgId = "org_of_the_story";
/** Of everything that is counted, while servers are killed. */
const repeats = 10;

const lifecycle = "meetings/lifecycle";
const signaling = "meetings/webrtc/signaling";
const stream = "meetings/stream/index";
const webhooks = "webhooks/mutations";

/**
 * A day of an organisation, by which every published function is called: people say who they are, meet from browser to browser and in
 * a room, record, and are administered, while servers are killed. It knows a server by its address alone.
 */
export class Story {
  readonly #stage: Stage;
  readonly api: ApiDocument;
  readonly #actors = new Map<string, Actor>();
  readonly #ids = new Map<string, string>();
  #ada = 0;

  private constructor(stage: Stage, api: ApiDocument) {
    this.#stage = stage;
    this.api = api;
  }

  static async begin(stage: Stage): Promise<Story> {
    const story = new Story(stage, await ApiDocument.of(stage.url));
    for (const name of ["Ada", "Ben", "Cleo", "Dan"]) await story.#enter(name);
    const nobody = personWith(stage.url, "Operator", "");
    const operator = new Actor(stage.url, story.api, nobody, stage.adminKey);
    story.#actors.set("Operator", operator);
    return story;
  }

  async play(): Promise<void> {
    await this.#introduce();
    const peer = await this.#meetFromBrowserToBrowser();
    await this.#beDisturbed("first", peer);
    const meetingId = await this.#gather();
    await this.#workTogether(meetingId);
    const recordingId = await this.#record(meetingId, () => this.#beDisturbed("second", peer));
    await this.#subscribe(meetingId);
    await this.#administer(meetingId);
    await this.#embed(meetingId);
    await this.#watchFigures();
    await this.#bringTogether();
    await this.#part(peer, meetingId, recordingId);
  }

  /** All that anybody was told is what is so now, and nobody was told what had been before. */
  async verify(): Promise<void> {
    for (const { view, ask } of this.#everybody().flatMap(({ watched }) => watched)) {
      // Figures are counted on: both are looked at until they are of the same moment.
      await until(`${view.name} is what is so`, 60_000, async () => {
        const now = await ask().catch((error: Error) => error);
        if (now instanceof Error) return view.error !== undefined;
        return view.error === undefined && isSame(now, view.last);
      }).catch(async (error: Error) => {
        const now = await ask().catch(String);
        throw new Error(`${error.message}: ${JSON.stringify({ now, told: view.last })}`);
      });
    }
    expect(
      this.#everybody().flatMap(({ watched }) => watched.flatMap(({ view }) => view.faults)),
      "told of an older state",
    ).toEqual([]);
    expect(this.api.uncalled, "functions that nobody called").toEqual([]);
    expect(this.api.unfollowed, "queries that nobody watched").toEqual([]);
  }

  async end(): Promise<void> {
    await Promise.all(this.#everybody().map((actor) => actor.close()));
  }

  async #enter(name: string): Promise<void> {
    const person = await signIn(this.#stage.url, name);
    const actor = new Actor(this.#stage.url, this.api, person);
    this.#actors.set(name, actor);
    const user = await actor.call<Row>("users/queries:getCurrentUser");
    this.#ids.set(name, String(user["_id"]));
  }

  /** They sign in, say who they are, and follow each other's pages. */
  async #introduce(): Promise<void> {
    const [ada, ben, cleo, dan] = this.#all();
    for (const name of ["Ada", "Ben", "Dan"]) {
      const user = await this.#actor(name).call<Row>("users/queries:getCurrentUser");
      await this.#administrate("users/mutations:upsertUser", {
        ...{ workosUserId: user["workosUserId"], email: `${name}@example.test`, orgId },
        orgRole: name === "Ada" ? "admin" : "member",
      });
    }
    await this.#administrate("users/mutations:setPlan", { userId: undefined, orgId, plan: "paid" });
    await this.#administrate("users/mutations:setPlan", { userId: this.#id("Cleo"), plan: "free" });
    for (const actor of [ada, ben, cleo, dan]) actor.follow("users/queries:getCurrentUser");
    for (const name of [
      "users/queries:getOnboardingState",
      "settings/queries:getCurrentUserSettings",
    ])
      ada.follow(name);
    ada.follow("interests/queries:getCurrentUserInterests");
    ada.follow("interests/queries:listCatalog");
    cleo.follow("profiles/queries:getCurrentUserProfile");
    await ada.call("users/mutations:saveOnboarding");
    await cleo.call("profiles/mutations:createProfile");
    await cleo.call("profiles/mutations:updateProfile", { bio: "Ten characters and more" });
    const userId = this.#id("Ada");
    await ada.call("users/mutations:updateUserProfile", { userId, displayName: this.#nextName() });
    await ada.call("users/mutations:updateUserInterests", { userId });
    await ada.call("settings/mutations:updateSettings");
    await ada.call("users/mutations:updateLastSeen");
    ben.follow("users/queries:getUserProfile", { userId });
    ben.follow("users/queries:getUserById", { userId });
    ben.follow("profiles/queries:getProfileByUserIdPublic", { userId });
    ben.follow("users/queries:listActiveUsersInOrg", {
      paginationOpts: { cursor: null, numItems: 5 },
    });
    for (const actor of [ada, ben, dan])
      actor.follow("meetings/queries:listUserMeetings", { limit: 100, state: undefined });
  }

  /** Cleo's plan is free: browsers connect to each other, and the server carries their signals. */
  async #meetFromBrowserToBrowser(): Promise<string> {
    const [ada, , cleo] = this.#all();
    const { meetingId } = await cleo.call<{ meetingId: string }>(`${lifecycle}:createMeeting`);
    const invite = await cleo.call<Row>("meetings/invites:createInvite", {
      ...{ meetingId, role: "participant" },
    });
    cleo.follow("meetings/invites:listInvites", { meetingId });
    await ada.call("meetings/invites:acceptInvite", { secret: invite["secret"] });
    const other = await cleo.call<Row>("meetings/invites:createInvite", { meetingId });
    await cleo.call("meetings/invites:revokeInvite", { inviteId: other["inviteId"] });
    await cleo.call(`${lifecycle}:startMeeting`, { meetingId });
    // Everything is there under two addresses: Cleo uses one, Ada the other.
    const sides = [
      { actor: cleo, rooms: "meetings/webrtc/rooms", signals: signaling, sessionId: "cleo" },
      {
        actor: ada,
        rooms: "meetings/webrtc/index",
        signals: "meetings/webrtc/index",
        sessionId: "ada",
      },
    ];
    await cleo.call("meetings/webrtc/rooms:initializeWebRTCRoom", { meetingId });
    await cleo.call("meetings/webrtc/index:initializeWebRTCRoom", { meetingId });
    for (const { actor, rooms, signals, sessionId } of sides) {
      const session = { meetingId, sessionId };
      actor.follow(`${signals}:getActiveSessions`, { meetingId });
      actor.follow(`${signals}:getPendingSignals`, { meetingId });
      await actor.call(`${rooms}:generateParticipantAccessToken`, { meetingId });
      await actor.call(`${signals}:createWebRTCSession`, session);
      await actor.call(`${signals}:exchangeSessionDescription`, session);
      await actor.call(`${signals}:exchangeICECandidate`, session);
      await actor.call(`${signals}:updateSessionState`, session);
      await actor.call(`${rooms}:monitorConnectionQuality`, session);
      const lost = { meetingId, sessionId: `${sessionId}-lost` };
      await actor.call(`${signals}:createWebRTCSession`, lost);
      await actor.call(`${rooms}:handleConnectionFailure`, lost);
    }
    for (const { actor, signals } of sides) await this.#takeSignals(actor, signals, meetingId);
    return meetingId;
  }

  /** Marks what is pending as processed. @returns it */
  async #takeSignals(actor: Actor, signals: string, meetingId: string): Promise<Row[]> {
    const pending = await actor.call<Row[]>(`${signals}:getPendingSignals`, { meetingId });
    const signalIds = pending.map((signal) => signal["_id"]);
    await actor.call(`${signals}:markSignalsProcessed`, { signalIds });
    return pending;
  }

  /** Everybody goes on while servers are killed; each of it is there once then, in order. */
  async #beDisturbed(round: string, peer: string): Promise<void> {
    const [ada, ben, cleo] = this.#all();
    const userId = this.#id("Ada");
    const counted = Array.from({ length: repeats }, (_, index) => `${round} ${index}`);
    const endpoint = await this.#endpoint();
    const name = () => ({ userId, displayName: this.#nextName() });
    const calls = counted.flatMap((title) => [
      ben.call(`${lifecycle}:createMeeting`, { title }),
      cleo.call(`${signaling}:exchangeICECandidate`, {
        ...{ meetingId: peer, sessionId: "cleo", candidate: { candidate: title } },
      }),
      ada.call(`${webhooks}:sendTestEvent`, endpoint),
      ada.call("users/mutations:updateUserProfile", name()),
    ]);
    await Promise.race(calls);
    await this.#stage.disturb();
    await Promise.all(calls);
    await this.#countMeetings(counted);
    const signals = await this.#takeSignals(ada, "meetings/webrtc/index", peer);
    expect(signals.map(({ data }) => (data as Row)["candidate"])).toEqual(counted);
    const page = "profiles/queries:getProfileByUserIdPublic";
    expect((await ben.call<Row>(page, { userId }))["displayName"]).toBe(`Ada ${this.#ada}`);
    const deliveries = await ada.call<Row[]>("webhooks/queries:listDeliveries", endpoint);
    expect(deliveries).toHaveLength(repeats);
    await ada.call(`${webhooks}:replayDelivery`, {
      ...{ ...endpoint, eventId: deliveries[0]?.["eventId"] },
    });
  }

  async #countMeetings(titles: readonly string[]): Promise<void> {
    const list = "meetings/queries:listUserMeetings";
    const all = await this.#actor("Ben").call<Row[]>(list, { limit: 100, state: undefined });
    const ours = all.map(({ title }) => String(title)).filter((title) => titles.includes(title));
    expect(ours.sort()).toEqual([...titles].sort());
  }

  /** A new endpoint of the organisation's, whose deliveries are followed. */
  async #endpoint(): Promise<{ orgId: string; endpointId: string }> {
    const ada = this.#actor("Ada");
    const made = await ada.call<{ endpointId: string }>(`${webhooks}:createEndpoint`, {
      ...{ orgId, url: this.#stage.hooksUrl },
    });
    const endpoint = { orgId, endpointId: made.endpointId };
    ada.follow("webhooks/queries:listDeliveries", endpoint);
    return endpoint;
  }

  /** Ada's meeting, with Ben as second host, and Cleo, whom an invite lets in. */
  async #gather(): Promise<string> {
    const [ada, ben, cleo, dan] = this.#all();
    const { meetingId } = await ada.call<{ meetingId: string }>(`${lifecycle}:createMeeting`);
    const dropped = await ada.call<{ meetingId: string }>(`${lifecycle}:createMeeting`);
    await ada.call(`${lifecycle}:cancelMeeting`, { meetingId: dropped.meetingId });
    ada.follow("meetings/queries:getMeeting", { meetingId });
    ben.follow("meetings/queries:getMeeting", { meetingId });
    ada.follow("meetings/queries:listMeetingParticipants", { meetingId });
    ada.follow("recordings/queries:listRecordings", { meetingId });
    const benId = this.#id("Ben");
    await ada.call(`${lifecycle}:addParticipant`, { meetingId, userId: benId });
    await ada.call(`${lifecycle}:updateParticipantRole`, { meetingId, userId: benId });
    const participants = [{ userId: this.#id("Dan"), role: "participant" }];
    await ada.call(`${lifecycle}:addMultipleParticipants`, { meetingId, participants });
    dan.follow("meetings/queries:getMeeting", { meetingId });
    await ada.call(`${lifecycle}:removeParticipant`, { meetingId, userId: this.#id("Dan") });
    const invite = await ben.call<Row>("meetings/invites:createInvite", { meetingId });
    await cleo.call("meetings/invites:acceptInvite", { secret: invite["secret"] });
    cleo.follow("meetings/queries:getMeeting", { meetingId });
    await ada.call(`${lifecycle}:startMeeting`, { meetingId });
    return meetingId;
  }

  async #workTogether(meetingId: string): Promise<void> {
    const [ada, ben, cleo] = this.#all();
    await ben.call(`${lifecycle}:joinMeeting`, { meetingId });
    await ada.call("realtime/batchedOperations:batchUpdatePresence", { meetingId });
    await cleo.call(`${stream}:generateParticipantTokenPublic`, { meetingId });
    await ben.call("meetings/stateTracking:recordActivity", { meetingId });
    await ben.call("meetings/stateTracking:updateCurrentTopics", { meetingId });
    await ben.call("meetings/stateTracking:updateSpeakingStats", {
      ...{ meetingId, userId: this.#id("Ben") },
    });
    await this.#transcribe(meetingId);
    await this.#writeNotes(meetingId);
    await this.#findTopics(meetingId);
    await eventually("the room is open", 60_000, () =>
      ada.call(`${lifecycle}:getMeetingConnectionInfo`, { meetingId }).catch(() => undefined),
    );
  }

  /** Ben writes down what he says, and Cleo reads it. */
  async #transcribe(meetingId: string): Promise<void> {
    const [ada, ben, cleo] = this.#all();
    cleo.follow("transcripts/queries:getTranscriptSegments", { meetingId });
    cleo.follow("realtime/subscriptions:subscribeTranscriptStream", { meetingId });
    cleo.follow("transcripts/queries:getTranscriptStatus", { meetingId, recordingId: undefined });
    await ben.call("transcripts/ingestion:ingestTranscriptChunk", { meetingId });
    await ben.call("realtime/batchedOperations:batchIngestTranscriptChunk", { meetingId });
    const lines = await cleo.call<Row[]>("transcripts/ingestion:getTranscriptChunks", {
      meetingId,
    });
    const line = { meetingId, lineId: lines[0]?.["_id"] };
    cleo.follow("transcripts/queries:getLineCorrections", line);
    await ada.call("transcripts/mutations:correctLine", line);
    await cleo.call("transcripts/queries:getLineCorrections", line);
    await cleo.call("transcripts/ingestion:getTranscriptStats", { meetingId });
    await ben.call("transcripts/mutations:deleteSpeakerLines", {
      ...{ meetingId, speakerId: this.#id("Ben") },
    });
    await ada.call("transcripts/mutations:deleteTranscript", { meetingId });
    for (const enabled of [false, true])
      await ada.call("transcripts/mutations:setTranscriptionEnabled", { meetingId, enabled });
  }

  /** Ben writes, also what waited at his laptop; Ada takes back what came before; Cleo reads. */
  async #writeNotes(meetingId: string): Promise<void> {
    const [ada, ben, cleo] = this.#all();
    cleo.follow("realtime/subscriptions:subscribeMeetingNotes", { meetingId });
    await ben.call("realtime/batchedOperations:batchApplyNoteOperation", { meetingId });
    for (const [now, later, read] of [
      ["notes/mutations", "notes/offline", "notes/queries"],
      ["notes/index", "notes/index", "notes/index"],
    ]) {
      cleo.follow(`${read}:getMeetingNotes`, { meetingId });
      await ben.call(`${now}:applyNoteOperation`, { meetingId });
      await ben.call(`${now}:batchApplyNoteOperations`, { meetingId });
      await ada.call(`${now}:rollbackToSequence`, { meetingId });
      const queue = { meetingId, clientId: `laptop:${later}` };
      const content = "- [ ] Ask Ann";
      const own = {
        ...{ id: "1", clientId: queue.clientId, authorId: this.#id("Ben"), sequence: 0 },
        ...{ type: "insert", position: 0, content, status: "pending" },
        ...{ queuedAt: 0, timestamp: 0, attempts: 0 },
      };
      await ben.call(`${later}:queueOfflineOperations`, { ...queue, operations: [own] });
      await ben.call(`${later}:syncOfflineOperations`, queue);
      await ben.call(`${later}:retryFailedOperations`, queue);
      await ben.call(`${later}:getOfflineQueueStatus`, queue);
      await ben.call(`${later}:clearSyncedOperations`, queue);
      const { checkpointId } = await ben.call<Row>(`${later}:createOfflineCheckpoint`, queue);
      await ben.call(`${later}:restoreFromCheckpoint`, { ...queue, checkpointId });
      const notes = await cleo.call<Row>(`${read}:getMeetingNotes`, { meetingId });
      expect(notes["content"]).toBe(content);
    }
  }

  /** Ben is interested in what Ada is, and both are told. */
  async #findTopics(meetingId: string): Promise<void> {
    const [ada, ben] = this.#all();
    await ben.call("users/mutations:saveOnboarding");
    for (const [made, read, changed] of [
      ["prompts/actions", "prompts/queries", "prompts/mutations"],
      ["prompts/index", "prompts/index", "prompts/index"],
    ]) {
      for (const name of ["getPreCallPrompts", "getInCallPrompts", "subscribeToInCallPrompts"])
        ben.follow(`${read}:${name}`, { meetingId });
      const ideas = await ada.call<{ promptIds: string[] }>(`${made}:generatePreCallIdeas`, {
        meetingId,
      });
      const promptId = ideas.promptIds[0] ?? "";
      await ben.call(`${changed}:updatePromptFeedback`, { promptId });
    }
  }

  /** Ben is told what he can take from the meeting, says what he thinks of it, and throws it away. */
  async #learn(meetingId: string): Promise<void> {
    const [ada, ben] = this.#all();
    // What somebody has deleted is not made again: the second time it is Ada's.
    for (const [owner, made, read, changed] of [
      [ben, "insights/generation", "insights/queries", "insights/mutations"],
      [ada, "insights/index", "insights/index", "insights/index"],
    ] as const) {
      owner.follow(`${read}:getMeetingInsights`, { meetingId });
      for (const name of ["getUserInsights", "getConnectionRecommendations"])
        owner.follow(`${read}:${name}`);
      await ada.call(`${made}:generateInsights`, { meetingId });
      const insight = await owner.call<Row>(`${read}:getMeetingInsights`, { meetingId });
      expect(insight["actionItems"]).toEqual(["Ask Ann"]);
      const { _id: insightId } = insight;
      owner.follow(`${read}:getInsightById`, { insightId });
      await owner.call(`${changed}:updateInsightsFeedback`, { insightId });
      await owner.call(`${changed}:deleteInsights`, { insightId });
    }
  }

  /** The operator has the meeting's title embedded, and looks for what is like it. */
  async #embed(meetingId: string): Promise<void> {
    await this.#actor("Ada").call("transcripts/search:searchTranscripts");
    const operator = this.#actor("Operator");
    const source = { sourceType: "meeting", sourceId: meetingId };
    for (const [made, read] of [
      ["embeddings/actions", "embeddings/queries"],
      ["embeddings/index", "embeddings/index"],
    ]) {
      const { embeddingId, model, vector } = await operator.call<{
        embeddingId: string;
        model: string;
        vector: ArrayBuffer;
      }>(`${made}:generateEmbedding`, source);
      const queryVector = Buffer.from(vector).toString("base64");
      operator.follow(`${read}:getEmbedding`, { embeddingId });
      operator.follow(`${read}:getEmbeddingsBySource`, source);
      operator.follow(`${read}:getEmbeddingsByModel`, { model });
      operator.follow(`${read}:vectorSimilaritySearch`, { queryVector, model });
      operator.follow(`${read}:getVectorIndexMeta`);
      operator.follow(`${read}:getEmbeddingAnalytics`);
    }
  }

  /** Ada is recorded, also while servers are killed. */
  async #record(meetingId: string, meanwhile: () => Promise<void>): Promise<string> {
    const [ada, ben] = this.#all();
    const media = await mediaOf(1);
    const publisher = await publish(this.#stage.url, ada.person, meetingId, { media });
    await haveSent([publisher], 500);
    // Composing pictures would take most of the time.
    const sound = { meetingId, recordingConfig: { audioOnly: true } };
    const { recordingId } = await ada.call<{ recordingId: string }>(
      `${stream}:startRecording`,
      sound,
    );
    ben.follow("recordings/queries:getRecording", { recordingId });
    await meanwhile();
    // The same start again is the same recording.
    const again = await ada.call<Row>(`${stream}:startRecording`, sound);
    expect(again["recordingId"]).toBe(recordingId);
    await ada.call("recordings/actions:pauseRecording", { recordingId });
    await ada.call("recordings/actions:resumeRecording", { recordingId });
    await haveSent([publisher], 500);
    await ada.call(`${stream}:stopRecording`, { meetingId, recordingId });
    await publisher.close();
    await eventually("it can be played", 60_000, () =>
      ben.call("recordings/actions:getPlayback", { recordingId }).catch(() => undefined),
    );
    await ada.call("recordings/actions:composeRecording", { recordingId, audioOnly: true });
    await until("it is ready", 90_000, async () => {
      const { state } = await ben.call<Row>("recordings/queries:getRecording", { recordingId });
      return state === "ready";
    });
    await ben.call("recordings/actions:createDownloadLink", { recordingId });
    await ada.call("transcripts/actions:transcribeRecording", { recordingId });
    const listed = await ada.call<Row[]>("recordings/queries:listRecordings", { meetingId });
    expect(listed.map((each) => each["recordingId"])).toEqual([recordingId]);
    return recordingId;
  }

  async #subscribe(meetingId: string): Promise<void> {
    const ben = this.#actor("Ben");
    const resource = { resourceType: "participants", resourceId: meetingId };
    const subscription = { subscriptionId: "ben", ...resource };
    await ben.call("realtime/subscriptionManager:establishSubscription", subscription);
    ben.follow("realtime/subscriptions:subscribeMeetingParticipants", {
      ...{ meetingId, subscriptionId: "ben" },
    });
    ben.follow("realtime/subscriptions:validateSubscription", subscription);
    ben.follow("realtime/subscriptionManager:getSubscriptionStats");
    ben.follow("realtime/subscriptionManager:validateAndUpdateSubscription", {
      subscriptionId: "ben",
    });
    await ben.call("realtime/subscriptionActions:validateAndLogSubscription", {
      subscriptionId: "ben",
    });
    ben.follow("auth/permissions:validateSubscriptionPermissions", { resourceId: meetingId });
    ben.follow("auth/permissions:refreshSubscriptionPermissions", {
      subscriptions: [{ ...resource, permissions: ["read"], lastValidated: 0 }],
    });
  }

  async #administer(meetingId: string): Promise<void> {
    const ada = this.#actor("Ada");
    ada.follow("audit/logging:getAuditLogs", { resourceId: meetingId });
    ada.follow("webhooks/queries:listEndpoints", { orgId });
    const endpoint = await this.#endpoint();
    await ada.call(`${webhooks}:rotateSecret`, endpoint);
    await ada.call(`${webhooks}:updateEndpoint`, endpoint);
    await ada.call(`${webhooks}:deleteEndpoint`, endpoint);
    await ada.call("realtime/batchedOperations:flushAllBatches");
    await ada.call("realtime/batchedOperations:getBatchStats");
  }

  /** Ada and Ben wait, are brought together and meet; another time Ben declines. */
  async #bringTogether(): Promise<void> {
    const [ada, ben] = this.#all();
    for (const [queue, engine, scoring, analytics] of [
      ["matching/queue", "matching/engine", "matching/scoring", "matching/analytics"],
      ["matching/index", "matching/index", "matching/index", "matching/index"],
    ]) {
      for (const name of ["getMatchHistory", "getMatchingStats"])
        ben.follow(`${analytics}:${name}`);
      ben.follow(`${queue}:getQueueStatus`);
      ada.follow(`${analytics}:getGlobalMatchingAnalytics`);
      await ada.call(`${scoring}:calculateCompatibilityScore`, {
        ...{ user1Id: this.#id("Ada"), user2Id: this.#id("Ben") },
      });
      const free = { availableFrom: Date.now(), availableTo: Date.now() + 7_200_000 };
      await ben.call(`${queue}:enterMatchingQueue`, free);
      await ben.call(`${queue}:cancelQueueEntry`, { queueId: undefined });
      const queueId = await ada.call<string>(`${queue}:enterMatchingQueue`, free);
      await ben.call(`${queue}:enterMatchingQueue`, free);
      await ada.call(`${engine}:runMatchingCycle`);
      const matchId = await this.#matchOfBen();
      const say = (actor: Actor, outcome: string) =>
        actor.call(`${analytics}:submitMatchFeedback`, { matchId, outcome });
      if (queue === "matching/queue") {
        await say(ada, "accepted");
        await say(ben, "accepted");
        await say(ben, "completed");
      } else {
        await say(ben, "declined");
        const expired = { queueId, status: "expired", matchedWith: undefined };
        await this.#administrate("matching/queue:updateQueueStatus", expired);
      }
      // There is too little to learn from, and the answer says so.
      const tune = `${analytics}:optimizeMatchingWeights`;
      await expect(ada.call(tune)).rejects.toThrow(/100 outcomes/);
      this.api.called(tune);
    }
    ben.follow("matching/queue:getCurrentMatch");
    ada.follow("matching/queue:getActiveQueueEntries");
    await ada.call("matching/queue:getActiveQueueEntries");
  }

  /** By the cycle that was asked for, or by one that ran by itself. */
  #matchOfBen(): Promise<unknown> {
    return eventually("they are brought together", 60_000, async () => {
      const match = await this.#actor("Ben").call<Row | null>("matching/queue:getCurrentMatch");
      return match?.["matchId"];
    });
  }

  async #watchFigures(): Promise<void> {
    const ada = this.#actor("Ada");
    const bandwidth = "monitoring/bandwidthManager";
    const performance = "monitoring/performanceQueries";
    for (const name of ["checkBandwidthLimit", "getBandwidthStats", "getCircuitBreakerStatus"])
      ada.follow(`${bandwidth}:${name}`);
    ada.follow(`${bandwidth}:shouldShedLoad`);
    for (const name of ["getFunctionPerformanceBreakdown", "getPerformanceMetrics"])
      ada.follow(`${performance}:${name}`);
    for (const name of ["getPerformanceTrends", "getSLOStatus", "getSubscriptionMetrics"])
      ada.follow(`${performance}:${name}`);
    await ada.call(`${bandwidth}:executeWithCircuitBreaker`);
    await ada.call(`${performance}:recordCustomMetric`);
    const status = `${bandwidth}:getCircuitBreakerStatus`;
    const serviceName = await eventually("breakers are told of", 60_000, async () => {
      const { breakers } = await ada.call<{ breakers: Row[] }>(status);
      return breakers[0]?.["service"];
    });
    await ada.call(`${bandwidth}:resetCircuitBreaker`, { serviceName });
  }

  async #part(peer: string, meetingId: string, recordingId: string): Promise<void> {
    const [ada, ben, cleo] = this.#all();
    await ada.call("meetings/webrtc/index:closeSession", { meetingId: peer, sessionId: "ada" });
    await cleo.call(`${signaling}:closeSession`, { meetingId: peer, sessionId: "cleo" });
    await ben.call(`${lifecycle}:leaveMeeting`, { meetingId });
    await ada.call(`${lifecycle}:endMeeting`, { meetingId });
    await this.#learn(meetingId);
    await ben.call("realtime/subscriptionManager:terminateSubscription", { subscriptionId: "ben" });
    await ada.call("recordings/mutations:deleteRecording", { recordingId });
    await ada.call("users/mutations:deactivateUser", { userId: this.#id("Dan") });
  }

  async #administrate(name: string, given: Args): Promise<void> {
    const http = new ConvexHttpClient(this.#stage.url, {
      ...{ skipConvexDeploymentUrlCheck: true, logger: false },
    });
    // For Convex's own tools; its type is not published.
    (http as unknown as { setAdminAuth(key: string): void }).setAdminAuth(this.#stage.adminKey);
    const args = this.api.argsOf(name, given);
    await http.mutation(makeFunctionReference<"mutation", Args>(name), args);
    this.api.called(name);
  }

  #nextName(): string {
    this.#ada++;
    return `Ada ${this.#ada}`;
  }

  #all(): [Actor, Actor, Actor, Actor] {
    return [this.#actor("Ada"), this.#actor("Ben"), this.#actor("Cleo"), this.#actor("Dan")];
  }

  #everybody(): Actor[] {
    return [...this.#actors.values()];
  }

  #actor(name: string): Actor {
    const actor = this.#actors.get(name);
    if (actor === undefined) throw new Error(`${name} has not come yet`);
    return actor;
  }

  #id(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`${name} has not come yet`);
    return id;
  }
}

/** What tells of the time until it was asked, or that somebody called, which is no news to those who watch. */
const ofTheMoment = new Set(["avgUpdatesPerSecond", "lastSeenAt"]);

/** Whether both say the same, whenever they were asked. */
function isSame(one: unknown, other: unknown): boolean {
  const [first, second] = [one, other].map((value) =>
    JSON.stringify(value, (key, member: unknown) => {
      if (ofTheMoment.has(key)) return undefined;
      if (key !== "alerts") return member;
      return (member as Row[]).map(({ timestamp: _, ...alert }) => alert);
    }),
  );
  return first === second;
}
