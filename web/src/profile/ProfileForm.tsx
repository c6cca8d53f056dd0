import type { FormEvent } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { useToast } from "../ui/Toast.tsx";
import type { Profile } from "../words/profile.ts";
import { isSaidAtField, ProfileFields } from "./ProfileFields.tsx";
import { changeOf, draftOf, type ProfileDraft } from "./profileDraft.ts";
import { useDraft } from "./useDraft.ts";

const fields = [
  "displayName",
  "jobTitle",
  "company",
  "field",
  "bio",
  "goals",
  "experience",
  "languages",
  "age",
  "gender",
  "linkedinUrl",
] as const satisfies (keyof ProfileDraft)[];

export interface ProfileFormProps {
  profile: Profile | null;
  /** Of who has no profile yet. */
  name: string;
}

/** Changes what a person says of themselves. */
export function ProfileForm({ profile, name }: ProfileFormProps) {
  const api = useApi();
  const say = useToast();
  const { run, busy, error } = useAction();
  const draft = useDraft(draftOf(profile, name));
  const save = (event: FormEvent) => {
    event.preventDefault();
    const { values } = draft;
    void run(async () => {
      await api.mutation(functions.profiles.mutations.updateProfile, changeOf(values));
      draft.saved(values);
      say("Profile saved");
    });
  };
  return (
    <form className="panel stack" aria-label="Profile" onSubmit={save} noValidate>
      <ProfileFields draft={draft} error={error} fields={fields} />
      {error !== undefined && !isSaidAtField(error, fields) && <RefusalNotice error={error} />}
      <div className="row">
        <Button type="submit" look="primary" busy={busy}>
          Save profile
        </Button>
      </div>
    </form>
  );
}
