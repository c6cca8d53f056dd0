import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useLive } from "../api/useLive.ts";
import { Choice, Choices } from "../ui/Choices.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { firstSettings, type Settings, settingWords } from "../words/profile.ts";

type Setting = keyof Settings;

/** What a person lets the server do; each is stored at once. */
export function SettingsForm() {
  const { getCurrentUserSettings } = functions.settings.queries;
  const { value, error, loading } = useLive(getCurrentUserSettings, {});
  const { change, pending, refusal } = useChange();
  const isOn = (setting: Setting) => pending[setting] ?? value?.[setting] ?? firstSettings[setting];
  return (
    <div className="panel stack">
      <Trouble error={error} />
      {loading && <Skeleton rows={2} label="Your settings are being fetched" />}
      {value !== undefined && (
        <Choices legend="I agree that this server may">
          {(Object.keys(settingWords) as Setting[]).map((setting) => (
            <Choice
              key={setting}
              label={settingWords[setting]}
              checked={isOn(setting)}
              onChange={(on) => void change(setting, on)}
            />
          ))}
        </Choices>
      )}
      {refusal !== undefined && <RefusalNotice error={refusal} />}
    </div>
  );
}

/** Shows a change before it is made, and takes it back when it is refused. Several may be on their way at once. */
function useChange() {
  const api = useApi();
  const [pending, setPending] = useState<Settings>({});
  const [refusal, setRefusal] = useState<unknown>();
  const change = async (setting: Setting, on: boolean) => {
    setPending((before) => ({ ...before, [setting]: on }));
    setRefusal(undefined);
    try {
      await api.mutation(functions.settings.mutations.updateSettings, { [setting]: on });
    } catch (error) {
      setRefusal(error);
    }
    setPending(({ [setting]: last, ...others }) =>
      last === on ? others : { ...others, [setting]: last },
    );
  };
  return { change, pending, refusal };
}
