import { type ReactNode, useId } from "react";

export interface ChoicesProps {
  legend: string;
  /** What is wrong with what was chosen. */
  error?: string | undefined;
  /** A `Choice` for each. */
  children: ReactNode;
}

/** Things of which any number can be chosen. */
export function Choices({ legend, error, children }: ChoicesProps) {
  const errorId = useId();
  return (
    <fieldset className="field choices" aria-describedby={errorId}>
      <legend>{legend}</legend>
      {children}
      <p id={errorId} className="field__error" role="alert" hidden={error === undefined}>
        {error}
      </p>
    </fieldset>
  );
}

export interface ChoiceProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Choice({ label, checked, onChange }: ChoiceProps) {
  return (
    <label>
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {label}
    </label>
  );
}
