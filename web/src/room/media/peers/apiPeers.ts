import type { FunctionReturnType } from "convex/server";
import type { Connection } from "../../../api/client.ts";
import { functions } from "../../../api/functions.ts";
import type { Following, PeerFeed, PeerRound, PeerServer, ReceivedSignal } from "./peerServer.ts";

const { signaling, rooms } = functions.meetings.webrtc;

interface Place {
  connection: Connection;
  meetingId: string;
}

/** The server's signalling functions, for one meeting. */
export function apiPeerServer({ connection: api, meetingId }: Place): PeerServer {
  return {
    iceServers: async () => {
      const { getMeetingConnectionInfo } = functions.meetings.lifecycle;
      const { connectionInfo } = await api.mutation(getMeetingConnectionInfo, { meetingId });
      return connectionInfo.iceServers ?? [];
    },
    open: async (sessionId) => {
      await api.mutation(signaling.createWebRTCSession, { meetingId, sessionId });
    },
    send: async (sessionId, targetUserId, { type, data }) => {
      const args = { meetingId, sessionId, targetUserId };
      if (type === "ice")
        await api.mutation(signaling.exchangeICECandidate, { ...args, candidate: data });
      else await api.mutation(signaling.exchangeSessionDescription, { ...args, description: data });
    },
    processed: async (signalIds) => {
      await api.mutation(signaling.markSignalsProcessed, { signalIds });
    },
    stand: async (sessionId, state) => {
      await api.mutation(signaling.updateSessionState, { meetingId, sessionId, state });
    },
    failed: async (sessionId, errorDetails) => {
      const args = { meetingId, sessionId, errorType: "ice_failed", errorDetails } as const;
      return (await api.action(rooms.handleConnectionFailure, args)).retryRecommended;
    },
    report: async (sessionId, stats) => {
      await api.action(rooms.monitorConnectionQuality, { meetingId, sessionId, stats });
    },
    close: async (sessionId) => {
      await api.mutation(signaling.closeSession, { meetingId, sessionId });
    },
  };
}

/** Watches who is there and what they sent, over the live connection; also while nobody looks: a call goes on in a hidden window. */
export class LiveFeed implements PeerFeed {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  follow(onRound: (round: PeerRound) => void, onError: (error: unknown) => void): Following {
    const { connection, meetingId } = this.#place;
    const signals = connection.watch(signaling.getPendingSignals, { meetingId });
    const sessions = connection.watch(signaling.getActiveSessions, { meetingId });
    const look = () => {
      const [sent, there] = [signals.get(), sessions.get()];
      const refusal = sent.refusal ?? there.refusal;
      if (refusal !== undefined) onError(refusal);
      else if (sent.value !== undefined && there.value !== undefined)
        onRound(roundOf(there.value, sent.value));
    };
    const ends = [signals.subscribe(look), sessions.subscribe(look)];
    look();
    return { stop: () => ends.forEach((end) => void end()) };
  }
}

function roundOf(
  sessions: FunctionReturnType<typeof signaling.getActiveSessions>,
  signals: FunctionReturnType<typeof signaling.getPendingSignals>,
): PeerRound {
  return {
    sessions: sessions.map(({ sessionId, userId, user }) => ({
      sessionId,
      userId,
      name: user.displayName ?? "Somebody",
    })),
    signals: signals.map(
      ({ _id: id, fromUserId, sessionId, type, data }) =>
        ({ id, fromUserId, sessionId, type, data }) as ReceivedSignal,
    ),
  };
}
