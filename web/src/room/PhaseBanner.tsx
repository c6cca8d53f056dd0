import { Notice } from "../ui/Notice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import type { RoomPhase } from "./media/roomView.ts";

/** How the connection stands, in words, whenever it does not stand. */
export function PhaseBanner({ phase, serverAway }: { phase: RoomPhase; serverAway: boolean }) {
  if (phase.name === "connecting")
    return (
      <Notice>
        <Spinner /> Connecting to the meeting
      </Notice>
    );
  if (phase.name === "reconnecting")
    return (
      <Notice tone="warn">
        <Spinner /> {phase.reason} {phase.advice ?? "Reconnecting; you need not do anything."}
      </Notice>
    );
  if (phase.name === "connected" && serverAway)
    return (
      <Notice>
        The meeting goes on, but the server does not answer: recording and inviting have to wait.
      </Notice>
    );
  return null;
}
