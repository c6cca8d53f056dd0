import type { DeviceKind } from "../media/local/deviceProblems.ts";
import { isSending, type LocalMedia } from "../media/local/localMedia.ts";
import { Icon } from "./Icon.tsx";
import { useLocalState } from "./useLocalMedia.ts";

const words = {
  microphone: { off: "Mute", on: "Unmute", key: "m" },
  camera: { off: "Stop camera", on: "Start camera", key: "v" },
} as const;

/** Mutes and unmutes, stops and starts the camera; its words say what it does. */
export function DeviceButton({ local, kind }: { local: LocalMedia; kind: DeviceKind }) {
  const device = useLocalState(local)[kind];
  const sending = isSending(device);
  return (
    <button
      type="button"
      className={`control${sending ? "" : " control--off"}`}
      aria-keyshortcuts={words[kind].key}
      aria-busy={device.opening || undefined}
      title={device.problem}
      onClick={() => void local.toggle(kind)}
    >
      <Icon name={sending ? kind : `${kind}Off`} />
      <span className="control__label">{sending ? words[kind].off : words[kind].on}</span>
    </button>
  );
}
