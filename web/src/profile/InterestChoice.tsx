import { Choice, Choices } from "../ui/Choices.tsx";
import { categoryName, type Interest } from "../words/profile.ts";

export interface InterestChoiceProps {
  /** All that can be chosen. */
  interests: readonly Interest[];
  /** Keys of those that are. */
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
}

/** Asks for interests, by category. */
export function InterestChoice({ interests, chosen, onChange }: InterestChoiceProps) {
  const categories = [...new Set(interests.map(({ category }) => category))];
  const set = (key: string, isChosen: boolean) => {
    const after = new Set(chosen);
    if (isChosen) after.add(key);
    else after.delete(key);
    onChange(after);
  };
  return categories.map((category) => (
    <Choices key={category} legend={categoryName(category)}>
      {interests
        .filter((interest) => interest.category === category)
        .map(({ key, label }) => (
          <Choice
            key={key}
            label={label}
            checked={chosen.has(key)}
            onChange={(isChosen) => set(key, isChosen)}
          />
        ))}
    </Choices>
  ));
}

/** The catalogue with what a person has named themselves, each once. */
export function allInterests(
  catalogue: readonly Interest[],
  own: readonly Interest[],
): readonly Interest[] {
  const listed = new Set(catalogue.map(({ key }) => key));
  return [...catalogue, ...own.filter(({ key }) => !listed.has(key))];
}
