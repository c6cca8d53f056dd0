import { type ReactNode, useEffect } from "react";
import { capital } from "../words/time.ts";
import { Button } from "./Button.tsx";
import { Field } from "./Field.tsx";
import { useCopy } from "./useCopy.ts";

export interface CopyFieldProps {
  /** What it is, in lower case: "link". */
  noun: string;
  value: string;
  /** Whether the keyboard goes there when it appears. */
  takesFocus?: boolean;
  /** Other ways to hand it on. */
  children?: ReactNode;
}

/** A text to be handed on, selected already, with a button that copies it. */
export function CopyField({ noun, value, takesFocus = false, children }: CopyFieldProps) {
  const { field, copy, said } = useCopy<HTMLInputElement>(noun);
  useEffect(() => {
    if (takesFocus) field.current?.focus();
    field.current?.select();
  }, [takesFocus, field]);
  return (
    <div className="stack">
      <Field
        label={capital(noun)}
        ref={field}
        value={value}
        readOnly
        onFocus={(event) => event.target.select()}
      />
      <div className="row">
        <Button look="primary" onClick={() => void copy(value)}>
          Copy {noun}
        </Button>
        {children}
        <span role="status" className="soft small">
          {said}
        </span>
      </div>
    </div>
  );
}
