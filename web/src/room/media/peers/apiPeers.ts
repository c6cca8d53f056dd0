import type { ApiClient } from "../../../api/client.ts";
import { functions } from "../../../api/functions.ts";
import type { MediaEnvironment } from "../environment.ts";
import type { Following, PeerFeed, PeerRound, PeerServer, ReceivedSignal } from "./peerServer.ts";

const { signaling, rooms } = functions.meetings.webrtc;

interface Place {
  api: ApiClient;
  meetingId: string;
}

/** The server's signalling functions, for one meeting. */
export function apiPeerServer({ api, meetingId }: Place): PeerServer {
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

/** From one question to the next, ms: while something is being agreed on, and otherwise. */
const busyMs = 250;
const idleMs = 1000;
/** So long after the last signal, either way, nothing more of it is to be expected, ms. */
const quietMs = 5000;
/** Failures in a row stretch the pause up to this, ms. */
const longestMs = 8000;

/** Asks again and again, also while nobody looks: a call goes on in a hidden window. */
export class PolledFeed implements PeerFeed {
  readonly #env: MediaEnvironment;
  readonly #place: Place;

  constructor(env: MediaEnvironment, place: Place) {
    this.#env = env;
    this.#place = place;
  }

  follow(onRound: (round: PeerRound) => void, onError: (error: unknown) => void): Following {
    let stopped = false;
    let cancel: (() => void) | undefined;
    let asking = false;
    let busyUntil = this.#env.now() + quietMs;
    let failures = 0;
    const pauseMs = () => {
      if (failures > 0) return Math.min(longestMs, idleMs * 2 ** Math.min(failures - 1, 4));
      return this.#env.now() < busyUntil ? busyMs : idleMs;
    };
    const look = async () => {
      asking = true;
      try {
        const round = await this.#ask();
        failures = 0;
        if (round.signals.length > 0) busyUntil = this.#env.now() + quietMs;
        if (!stopped) onRound(round);
      } catch (error) {
        failures += 1;
        if (!stopped) onError(error);
      }
      asking = false;
      if (!stopped) cancel = this.#env.after(pauseMs(), () => void look());
    };
    void look();
    return {
      hurry: () => {
        busyUntil = this.#env.now() + quietMs;
        if (asking || stopped) return;
        cancel?.();
        cancel = this.#env.after(busyMs, () => void look());
      },
      stop: () => {
        stopped = true;
        cancel?.();
      },
    };
  }

  /** Signals first: the session of each is among those that are asked for afterwards. */
  async #ask(): Promise<PeerRound> {
    const { api, meetingId } = this.#place;
    const signals = await api.query(signaling.getPendingSignals, { meetingId });
    const sessions = await api.query(signaling.getActiveSessions, { meetingId });
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
}
