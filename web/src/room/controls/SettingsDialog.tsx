import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { promptWords } from "../../words/insights.ts";
import type { LocalMedia } from "../media/local/localMedia.ts";
import { DeviceChoice } from "../parts/DeviceChoice.tsx";
import { LevelMeter } from "../parts/LevelMeter.tsx";
import { useLocalState } from "../parts/useLocalMedia.ts";
import { TranscriptionSwitch } from "./TranscriptionSwitch.tsx";

export interface SettingsDialogProps {
  local: LocalMedia;
  shortcuts: boolean;
  onShortcuts: (on: boolean) => void;
  suggestions: boolean;
  onSuggestions: (on: boolean) => void;
  onClose: () => void;
}

/** Devices, and what some people must be able to switch off. */
export function SettingsDialog(props: SettingsDialogProps) {
  const { local, shortcuts, onShortcuts, suggestions, onSuggestions, onClose } = props;
  const { microphone } = useLocalState(local);
  return (
    <Dialog title="Settings" onClose={onClose}>
      <DeviceChoice local={local} kind="camera" />
      <DeviceChoice local={local} kind="microphone" />
      <LevelMeter track={microphone.on ? microphone.track : undefined} />
      <label className="checkbox">
        <input
          type="checkbox"
          checked={shortcuts}
          onChange={({ target }) => onShortcuts(target.checked)}
        />
        Keys: M mutes, V stops the camera, C shows captions
      </label>
      <label className="checkbox">
        <input
          type="checkbox"
          checked={suggestions}
          onChange={({ target }) => onSuggestions(target.checked)}
        />
        {promptWords.setting}
      </label>
      <TranscriptionSwitch />
      <div className="dialog__actions">
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
