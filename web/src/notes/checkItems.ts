/** A line of Markdown with a check box. */
export interface CheckItem {
  /** Which one of the text, from 0. */
  index: number;
  label: string;
  done: boolean;
}

const checkBox = /^([ \t]*(?:[-*+]|\d+[.)])[ \t]+\[)([ xX])(\][ \t]+)(.*)$/gm;

/** The check boxes of a text, in order. */
export function checkItems(text: string): CheckItem[] {
  return [...text.matchAll(checkBox)].map(([, , mark, , label = ""], index) => ({
    ...{ index, label: label.trim(), done: mark !== " " },
  }));
}

/** The text with one of its check boxes ticked, or not. */
export function withChecked(text: string, wanted: number, done: boolean): string {
  let index = -1;
  return text.replace(checkBox, (line, before: string, _mark, behind: string, label: string) => {
    index += 1;
    return index === wanted ? `${before}${done ? "x" : " "}${behind}${label}` : line;
  });
}
