import { SelectField } from "../../ui/Field.tsx";
import type { DeviceKind } from "../media/local/deviceProblems.ts";
import type { LocalMedia } from "../media/local/localMedia.ts";
import { useLocalState } from "./useLocalMedia.ts";

const labels = { microphone: "Microphone", camera: "Camera" } as const;

/** Which microphone or camera is used; what is wrong with it is said here. */
export function DeviceChoice({ local, kind }: { local: LocalMedia; kind: DeviceKind }) {
  const { choices, deviceId, problem, on } = useLocalState(local)[kind];
  return (
    <SelectField
      label={labels[kind]}
      error={problem}
      value={deviceId ?? ""}
      disabled={choices.length === 0}
      onChange={({ target }) => void local.choose(kind, target.value)}
    >
      {choices.length === 0 && (
        <option value="">{on ? "None to choose from" : "Switch it on to choose"}</option>
      )}
      {choices.length > 0 && deviceId === undefined && <option value="">Chosen for you</option>}
      {choices.map((choice) => (
        <option key={choice.deviceId} value={choice.deviceId}>
          {choice.label}
        </option>
      ))}
    </SelectField>
  );
}
