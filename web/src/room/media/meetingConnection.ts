import type { Store } from "../../state/store.ts";
import type { RoomView } from "./roomView.ts";
import type { GetDisplayMedia } from "./screenShare.ts";

/** A person's presence in a meeting, by a room on the server or from browser to browser. */
export interface MeetingConnection extends Pick<Store<RoomView>, "get" | "subscribe"> {
  /** Joins, or joins again after `elsewhere` or `refused`. */
  start(): void;
  /** Leaves; everything the others see of us is gone at once. */
  stop(): void;
  /** What is known from elsewhere: the meeting is over, or we are no longer part of it. */
  end(name: "ended" | "removed"): void;
  /** Resolves with whether the screen is shared now. */
  shareScreen(getDisplayMedia: GetDisplayMedia): Promise<boolean>;
  stopSharing(): void;
  /** Only the video of these slots is looked at. */
  wantVideo(slots: readonly number[]): void;
}
