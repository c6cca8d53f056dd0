import { type FormEvent, useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { type Interest, profileProblem } from "../words/profile.ts";
import { allInterests, InterestChoice } from "./InterestChoice.tsx";
import { isSaidAtField, ProfileFields } from "./ProfileFields.tsx";
import { ageOf, draftOf, type ProfileDraft } from "./profileDraft.ts";
import { requestedInterests } from "./requestedInterests.ts";
import { useDraft } from "./useDraft.ts";

const fields = [
  "age",
  "gender",
  "jobTitle",
  "company",
  "field",
  "bio",
  "linkedinUrl",
] as const satisfies (keyof ProfileDraft)[];

export interface OnboardingFormProps {
  /** What is known already. */
  known: Parameters<typeof draftOf>[0];
  catalogue: readonly Interest[];
  chosen: readonly Interest[];
  onDone: () => void;
}

/** Asks a new person who they are and what they care for, and stores it at once. */
export function OnboardingForm({ known, catalogue, chosen, onDone }: OnboardingFormProps) {
  const draft = useDraft(draftOf(known, ""));
  const [own, setOwn] = useState<readonly Interest[]>([]);
  const interests = allInterests(allInterests(catalogue, chosen), own);
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set(chosen.map(({ key }) => key)));
  const { save, busy, error } = useSave(onDone);
  const add = (interest: Interest) => {
    if (!interests.some(({ key }) => key === interest.key)) setOwn([...own, interest]);
    setKeys(new Set([...keys, interest.key]));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save(
      draft.values,
      interests.filter(({ key }) => keys.has(key)),
    );
  };
  return (
    <form className="panel stack" aria-label="Who you are" onSubmit={submit} noValidate>
      <ProfileFields draft={draft} error={error} fields={fields} />
      <h2>What are you interested in?</h2>
      <InterestChoice interests={interests} chosen={keys} onChange={setKeys} />
      <OwnInterest onAdd={add} error={profileProblem(error, "interests")} />
      {error !== undefined && !isSaidAtField(error, [...fields, "interests"]) && (
        <RefusalNotice error={error} />
      )}
      <div className="row">
        <Button type="submit" look="primary" busy={busy}>
          Done
        </Button>
      </div>
    </form>
  );
}

interface OwnInterestProps {
  onAdd: (interest: Interest) => void;
  /** What is wrong with the interests that were sent. */
  error: string | undefined;
}

/** Takes an interest that is not in the list; Enter adds it. */
function OwnInterest({ onAdd, error }: OwnInterestProps) {
  const [name, setName] = useState("");
  const add = () => {
    const label = name.trim();
    if (label === "") return;
    onAdd({ key: `new:${label}`, label, category: "personal" });
    setName("");
  };
  return (
    <>
      <Field
        label="Another interest"
        hint="Five of your own at most; nobody else is shown them."
        value={name}
        maxLength={48}
        error={error}
        autoComplete="off"
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          add();
        }}
      />
      <div className="row">
        <Button onClick={add}>Add interest</Button>
      </div>
    </>
  );
}

function useSave(onDone: () => void) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const save = (draft: ProfileDraft, interests: readonly Interest[]) =>
    void run(async () => {
      await api.mutation(functions.users.mutations.saveOnboarding, {
        age: ageOf(draft.age),
        gender: genderOf(draft),
        bio: draft.bio,
        company: draft.company,
        field: draft.field,
        jobTitle: draft.jobTitle,
        linkedinUrl: draft.linkedinUrl,
        interests: requestedInterests(interests),
      });
      onDone();
    });
  return { save, busy, error };
}

/** @throws ApiError when none is chosen */
function genderOf({ gender }: ProfileDraft) {
  if (gender !== "") return gender;
  throw new ApiError("VALIDATION_ERROR", "Choose one; you need not say", 400, { field: "gender" });
}
