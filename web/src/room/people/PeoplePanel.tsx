import { useEffect, useRef } from "react";
import { Button } from "../../ui/Button.tsx";
import { VisuallyHidden } from "../../ui/VisuallyHidden.tsx";
import type { PersonView } from "../media/roomView.ts";
import { Icon } from "../parts/Icon.tsx";

export interface PeoplePanelProps {
  people: readonly PersonView[];
  onClose: () => void;
  /** Only for hosts. */
  onRemove?: ((person: PersonView) => void) | undefined;
}

/** Everybody in the room by name, with what they do. */
export function PeoplePanel({ people, onClose, onRemove }: PeoplePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside className="people" aria-label="People in the meeting">
      <div className="people__head">
        <h2 ref={heading} tabIndex={-1}>
          People ({people.length})
        </h2>
        <Button look="quiet" small onClick={onClose}>
          <Icon name="close" />
          <VisuallyHidden>Close the list of people</VisuallyHidden>
        </Button>
      </div>
      <ul>
        {people.map((person) => (
          <li key={person.userId} className="people__person">
            <span className="people__name">
              {person.name}
              {person.isSelf && " (you)"}
              <span className="people__role">{roleWords(person)}</span>
            </span>
            {onRemove !== undefined && !person.isSelf && (
              <Button look="quietDanger" small onClick={() => onRemove(person)}>
                Remove<VisuallyHidden> {person.name}</VisuallyHidden>
              </Button>
            )}
          </li>
        ))}
      </ul>
    </aside>
  );
}

function roleWords({ role, camera, screen }: PersonView): string {
  const parts = [
    role === "host" ? "host" : undefined,
    role === "observer" ? "observer" : undefined,
    screen === undefined ? undefined : "shows a screen",
    camera === undefined && role !== "observer" ? "listens" : undefined,
    camera !== undefined && !camera.audio ? "muted" : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}
