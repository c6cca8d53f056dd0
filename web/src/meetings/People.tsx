import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useSession } from "../session/sessionContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import { initialsOf } from "../words/initials.ts";
import { type Person, placeWords } from "../words/meetings.ts";

export interface PeopleProps {
  meetingId: string;
  people: Person[];
  /** Whether the person who looks may remove others. */
  canRemove: boolean;
}

/** Who is in a meeting, as what. */
export function People({ meetingId, people, canRemove }: PeopleProps) {
  const api = useApi();
  const session = useSession();
  const [leaving, setLeaving] = useState<Person>();
  const remove = async ({ userId }: Person) => {
    await api.mutation(functions.meetings.lifecycle.removeParticipant, { meetingId, userId });
    setLeaving(undefined);
  };
  return (
    <ul className="people">
      {people.map((person) => (
        <li key={person._id} className="people__person">
          <Initials name={nameOf(person)} />
          <div className="card__main">
            <span className="card__title">
              {nameOf(person)}
              {person.userId === session?.userId && <span className="soft"> (you)</span>}
            </span>
            <span className="soft small">{placeWords(person)}</span>
          </div>
          {canRemove && person.userId !== session?.userId && (
            <Button look="quietDanger" small onClick={() => setLeaving(person)}>
              Remove<VisuallyHidden> {nameOf(person)}</VisuallyHidden>
            </Button>
          )}
        </li>
      ))}
      {leaving !== undefined && (
        <Confirm
          title={`Remove ${nameOf(leaving)}?`}
          verb="Remove"
          onConfirm={() => remove(leaving)}
          onClose={() => setLeaving(undefined)}
        >
          They leave the meeting at once, and links made so far do not let them back in.
        </Confirm>
      )}
    </ul>
  );
}

function nameOf({ user }: Person): string {
  return user.displayName ?? "Somebody without a name";
}

function Initials({ name }: { name: string }) {
  return (
    <span className="people__initials" aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
