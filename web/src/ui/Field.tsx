import { type ComponentProps, type ReactNode, useId } from "react";

interface Described {
  label: string;
  hint?: string | undefined;
  /** What is wrong with it; announced. */
  error?: string | undefined;
}

/** A labelled input with its hint and what is wrong with it. */
export function Field({ label, hint, error, ...input }: Described & ComponentProps<"input">) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(aria) => <input {...aria} {...input} />}
    </Frame>
  );
}

/** A labelled choice; `children` are its options. */
export function SelectField({
  label,
  hint,
  error,
  children,
  ...select
}: Described & ComponentProps<"select">) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(aria) => (
        <select {...aria} {...select}>
          {children}
        </select>
      )}
    </Frame>
  );
}

/** A labelled input for several lines. */
export function TextAreaField({
  label,
  hint,
  error,
  ...textarea
}: Described & ComponentProps<"textarea">) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(aria) => <textarea {...aria} {...textarea} />}
    </Frame>
  );
}

interface ControlAria {
  id: string;
  "aria-describedby": string;
  "aria-invalid": boolean | undefined;
}

function Frame({
  label,
  hint,
  error,
  children,
}: Described & { children: (aria: ControlAria) => ReactNode }) {
  const id = useId();
  const aria: ControlAria = {
    id,
    "aria-describedby": `${id}hint ${id}error`,
    "aria-invalid": error === undefined ? undefined : true,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(aria)}
      {hint !== undefined && (
        <p id={`${id}hint`} className="field__hint">
          {hint}
        </p>
      )}
      <p id={`${id}error`} className="field__error" role="alert" hidden={error === undefined}>
        {error}
      </p>
    </div>
  );
}
