import { useLayoutEffect, useRef } from "react";
import { Button } from "../ui/Button.tsx";
import { download } from "../ui/download.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { fileNameOf } from "../words/fileNames.ts";
import { arrivalWords, notesWords, problemWords } from "../words/notes.ts";
import { checkItems, withChecked } from "./checkItems.ts";
import type { NotesEditor } from "./notesEditor.ts";
import { selectionAfter, type TextChange } from "./textChange.ts";
import { useNotesEditor, useNotesView } from "./useNotes.ts";

export interface NotesProps {
  meetingId: string;
  /** Of the meeting, for the file's name. */
  title: string;
  userId: string;
}

/** Longest notes, as the server holds them. */
const maxCharacters = 100_000;

/** The text that the people of a meeting write together. */
export function Notes({ meetingId, title, userId }: NotesProps) {
  const editor = useNotesEditor(meetingId, userId);
  return editor === undefined ? (
    <Spinner label={notesWords.loading} />
  ) : (
    <Editor editor={editor} title={title} />
  );
}

function Editor({ editor, title }: { editor: NotesEditor; title: string }) {
  const { text, canWrite, arrived, problem } = useNotesView(editor);
  const area = useRef<HTMLTextAreaElement>(null);
  useKeptSelection(editor, area, text);
  if (text === undefined)
    return problem === undefined ? (
      <Spinner label={notesWords.loading} />
    ) : (
      <p role="alert">{problemWords(problem)}</p>
    );
  return (
    <div className="notes">
      <textarea
        ref={area}
        className="notes__text"
        aria-label={notesWords.label}
        aria-describedby="notes-state"
        placeholder={canWrite ? notesWords.placeholder : notesWords.empty}
        value={text}
        readOnly={!canWrite}
        maxLength={maxCharacters}
        spellCheck
        onChange={(event) => editor.edit(event.target.value)}
        onCompositionStart={() => editor.compose(true)}
        onCompositionEnd={() => editor.compose(false)}
      />
      <CheckList text={text} readOnly={!canWrite} onChange={(next) => editor.edit(next)} />
      <div className="notes__foot">
        <p id="notes-state" className="notes__state" role="status">
          {problem === undefined ? arrivalWords(arrived, canWrite) : problemWords(problem)}
        </p>
        <Button
          small
          disabled={text === ""}
          onClick={() => download(fileNameOf(title, "notes", "md"), text, "text/markdown")}
        >
          {notesWords.download}
        </Button>
      </div>
    </div>
  );
}

interface CheckListProps {
  text: string;
  readOnly: boolean;
  onChange: (text: string) => void;
}

/** What is to be done: the text's lines with a check box, to be ticked. */
function CheckList({ text, readOnly, onChange }: CheckListProps) {
  const items = checkItems(text);
  if (items.length === 0) return null;
  return (
    <fieldset className="notes__checks">
      <legend>{notesWords.toDo}</legend>
      {items.map(({ index, label, done }) => (
        <label key={index} className="notes__check">
          <input
            type="checkbox"
            checked={done}
            disabled={readOnly}
            onChange={(event) => onChange(withChecked(text, index, event.target.checked))}
          />
          <span>{label === "" ? notesWords.unnamed : label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Keeps cursor and selection at the words where they were, whatever others write in front of them. */
function useKeptSelection(
  editor: NotesEditor,
  area: React.RefObject<HTMLTextAreaElement | null>,
  text: string | undefined,
): void {
  const wanted = useRef<[number, number]>(undefined);
  useLayoutEffect(() => {
    editor.onRemote = (change: TextChange) => {
      const element = area.current;
      if (element === null) return;
      const { selectionStart, selectionEnd } = element;
      wanted.current = selectionAfter(wanted.current ?? [selectionStart, selectionEnd], change);
    };
  }, [editor, area]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when another text is shown
  useLayoutEffect(() => {
    const selection = wanted.current;
    wanted.current = undefined;
    // Only where somebody writes: a selection that is set takes the view there in some browsers.
    const element = area.current;
    if (selection !== undefined && element !== null && isActive(element))
      element.setSelectionRange(...selection);
  }, [text]);
}

/** Also in a meeting that is embedded, of which the document knows the outside alone. */
function isActive(element: Element): boolean {
  const root = element.getRootNode();
  return (root instanceof Document || root instanceof ShadowRoot) && root.activeElement === element;
}
