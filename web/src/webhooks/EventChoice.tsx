import { useState } from "react";
import { Choices } from "../ui/Choices.tsx";
import { SelectField } from "../ui/Field.tsx";
import { type EventType, eventWords } from "../words/webhooks.ts";

export interface EventChoiceProps {
  /** Empty = all of them. */
  chosen: readonly EventType[];
  /** What is wrong with the choice. */
  error: string | undefined;
}

/** Asks what an endpoint is told of; `which` is "some" in the form when `eventTypes` counts. */
export function EventChoice({ chosen, error }: EventChoiceProps) {
  const [some, setSome] = useState(chosen.length > 0);
  return (
    <>
      <SelectField
        label="Told of"
        name="which"
        defaultValue={some ? "some" : "all"}
        onChange={(event) => setSome(event.target.value === "some")}
      >
        <option value="all">Everything, also what comes later</option>
        <option value="some">Only some events</option>
      </SelectField>
      {some && (
        <Choices legend="Events" error={error}>
          {Object.entries(eventWords).map(([type, words]) => (
            <label key={type}>
              <input
                type="checkbox"
                name="eventTypes"
                value={type}
                defaultChecked={chosen.some((one) => one === type)}
              />
              <span>
                {words}
                <span className="eventChoice__type soft">{type}</span>
              </span>
            </label>
          ))}
        </Choices>
      )}
    </>
  );
}

/** The types that the form names; empty = all. @returns undefined when only some were wanted, and none was named */
export function chosenTypes(form: FormData): EventType[] | undefined {
  if (form.get("which") !== "some") return [];
  const chosen = form.getAll("eventTypes") as EventType[];
  return chosen.length === 0 ? undefined : chosen;
}
