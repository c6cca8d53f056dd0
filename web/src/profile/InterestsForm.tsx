import type { FormEvent } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { useToast } from "../ui/Toast.tsx";
import type { Interest } from "../words/profile.ts";
import { allInterests, InterestChoice } from "./InterestChoice.tsx";
import { useDraft } from "./useDraft.ts";

export interface InterestsFormProps {
  userId: string;
  catalogue: readonly Interest[];
  /** What the person has chosen. */
  chosen: readonly Interest[];
}

/** Changes what a person is interested in. */
export function InterestsForm({ userId, catalogue, chosen }: InterestsFormProps) {
  const api = useApi();
  const say = useToast();
  const { run, busy, error } = useAction();
  const draft = useDraft<{ keys: ReadonlySet<string> }>({
    keys: new Set(chosen.map(({ key }) => key)),
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    const { values } = draft;
    void run(async () => {
      const { updateUserInterests } = functions.users.mutations;
      await api.mutation(updateUserInterests, { userId, interests: [...values.keys] });
      draft.saved(values);
      say("Interests saved");
    });
  };
  return (
    <form className="panel stack" aria-label="Interests" onSubmit={save} noValidate>
      <InterestChoice
        interests={allInterests(catalogue, chosen)}
        chosen={draft.values.keys}
        onChange={(keys) => draft.set({ keys })}
      />
      {error !== undefined && <RefusalNotice error={error} />}
      <div className="row">
        <Button type="submit" look="primary" busy={busy}>
          Save interests
        </Button>
      </div>
    </form>
  );
}
