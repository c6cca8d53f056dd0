import { Field, SelectField, TextAreaField } from "../ui/Field.tsx";
import {
  type Gender,
  genderWords,
  type ProfileField,
  profileProblem,
  profileWords,
} from "../words/profile.ts";
import type { ProfileDraft } from "./profileDraft.ts";
import type { Draft } from "./useDraft.ts";

type TextField = Exclude<keyof ProfileDraft, "gender">;

export interface ProfileFieldsProps {
  draft: Draft<ProfileDraft>;
  /** Why it was not saved; what is wrong with a field is said at the field. */
  error: unknown;
  /** In their order. */
  fields: readonly (keyof ProfileDraft)[];
}

const severalLines: readonly string[] = ["bio", "goals", "experience"];

const hints: Partial<Record<ProfileField, string>> = {
  displayName: "Others see it in meetings and on your profile.",
  languages: "With commas between: English, German",
  linkedinUrl: "Begins with https://",
  age: "Only you see it.",
  gender: "Only you see it.",
};

const inputs: Partial<
  Record<TextField, { type?: string; inputMode?: "numeric"; autoComplete?: string }>
> = {
  displayName: { autoComplete: "name" },
  jobTitle: { autoComplete: "organization-title" },
  company: { autoComplete: "organization" },
  age: { inputMode: "numeric" },
  linkedinUrl: { type: "url" },
};

/** What there is to say of oneself. */
export function ProfileFields({ draft, error, fields }: ProfileFieldsProps) {
  return fields.map((field) => {
    const described = {
      label: profileWords[field],
      hint: hints[field],
      error: profileProblem(error, field),
      value: draft.values[field],
    };
    if (field === "gender")
      return (
        <SelectField
          key={field}
          {...described}
          onChange={(event) => draft.set({ gender: event.target.value as Gender | "" })}
        >
          <option value="" disabled>
            Choose
          </option>
          {Object.entries(genderWords).map(([gender, words]) => (
            <option key={gender} value={gender}>
              {words}
            </option>
          ))}
        </SelectField>
      );
    const change = {
      onChange: (event: { target: { value: string } }) =>
        draft.set({ [field]: event.target.value }),
    };
    return severalLines.includes(field) ? (
      <TextAreaField key={field} rows={4} {...described} {...change} />
    ) : (
      <Field key={field} autoComplete="off" {...described} {...inputs[field]} {...change} />
    );
  });
}

/** Whether what went wrong is said at one of the fields. */
export function isSaidAtField(error: unknown, fields: readonly ProfileField[]): boolean {
  return fields.some((field) => profileProblem(error, field) !== undefined);
}
