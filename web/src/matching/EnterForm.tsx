import { type FormEvent, useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { InterestChoice } from "../profile/InterestChoice.tsx";
import { Button } from "../ui/Button.tsx";
import { Choice, Choices } from "../ui/Choices.tsx";
import { Field, SelectField } from "../ui/Field.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { type Role, roleWords } from "../words/matching.ts";
import type { Interest } from "../words/profile.ts";
import { localTime, momentOf } from "./localTime.ts";

const hourMs = 3_600_000;

export interface EnterFormProps {
  /** All that can be talked about. */
  interests: readonly Interest[];
  /** Keys of what the person is interested in. */
  own: readonly string[];
  /** They belong to an organisation. */
  hasOrganisation: boolean;
}

/** Asks when somebody is free and what they want to talk about, and lets them wait for others. */
export function EnterForm({ interests, own, hasOrganisation }: EnterFormProps) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const [from, setFrom] = useState(() => localTime(Date.now()));
  const [to, setTo] = useState(() => localTime(Date.now() + hourMs));
  const [role, setRole] = useState<Role>("peer");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(own));
  const [isOwnOnly, setOwnOnly] = useState(false);
  const [asked, setAsked] = useState(false);
  const [start, end] = [momentOf(from), momentOf(to)];
  const problems = {
    from: start === undefined ? "Say from when on you are free." : undefined,
    to: end === undefined ? "Say until when you are free." : undefined,
    interests: chosen.size === 0 ? "Choose at least one." : undefined,
  };
  const enter = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (start === undefined || end === undefined || chosen.size === 0) return;
    const wish = {
      // The form was opened a while ago.
      availableFrom: Math.max(start, Date.now()),
      availableTo: end,
      constraints: {
        interests: [...chosen],
        roles: [role],
        ...(isOwnOnly && { orgConstraints: "same" }),
      },
    };
    void run(() => api.mutation(functions.matching.queue.enterMatchingQueue, wish));
  };
  return (
    <form className="panel stack" aria-label="Meet somebody" onSubmit={enter} noValidate>
      <div className="match__times">
        <Field
          label="Free from"
          type="datetime-local"
          value={from}
          onChange={({ target }) => setFrom(target.value)}
          error={asked ? problems.from : undefined}
        />
        <Field
          label="Free until"
          type="datetime-local"
          value={to}
          onChange={({ target }) => setTo(target.value)}
          error={asked ? problems.to : undefined}
        />
      </div>
      <SelectField
        label="How you want to talk"
        value={role}
        onChange={({ target }) => setRole(target.value as Role)}
      >
        {Object.entries(roleWords).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </SelectField>
      <InterestChoice interests={interests} chosen={chosen} onChange={setChosen} />
      {asked && problems.interests !== undefined && (
        <p className="field__error" role="alert">
          {problems.interests}
        </p>
      )}
      {hasOrganisation && (
        <Choices legend="With whom">
          <Choice
            label="People of my organisation only"
            checked={isOwnOnly}
            onChange={setOwnOnly}
          />
        </Choices>
      )}
      {error !== undefined && <RefusalNotice error={error} />}
      <div className="row">
        <Button type="submit" look="primary" busy={busy}>
          Find somebody
        </Button>
      </div>
    </form>
  );
}
