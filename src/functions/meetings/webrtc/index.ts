/** The same functions under the published second address. */
export {
  generateParticipantAccessToken,
  handleConnectionFailure,
  initializeWebRTCRoom,
  monitorConnectionQuality,
} from "./rooms.ts";
export {
  closeSession,
  createWebRTCSession,
  exchangeICECandidate,
  exchangeSessionDescription,
  getActiveSessions,
  getPendingSignals,
  markSignalsProcessed,
  updateSessionState,
} from "./signaling.ts";
