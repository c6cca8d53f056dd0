import { useEffect, useState, useSyncExternalStore } from "react";
import { useConnection } from "../api/liveContext.tsx";
import { takeKeptNotes } from "./keptNotes.ts";
import { NotesEditor } from "./notesEditor.ts";

/** An editor of a meeting's notes for as long as they are shown; undefined for a moment. */
export function useNotesEditor(meetingId: string, userId: string): NotesEditor | undefined {
  const connection = useConnection();
  const [editor, setEditor] = useState<NotesEditor>();
  useEffect(() => {
    let opened: NotesEditor | undefined;
    let isGone = false;
    void takeKeptNotes(userId, meetingId).then((kept) => {
      if (isGone) return kept.release();
      opened = new NotesEditor(connection, { meetingId, userId }, kept);
      setEditor(opened);
    });
    return () => {
      isGone = true;
      opened?.close();
      setEditor(undefined);
    };
  }, [connection, meetingId, userId]);
  return editor;
}

/** What it shows, whenever that changes. */
export const useNotesView = (editor: NotesEditor) =>
  useSyncExternalStore(editor.view.subscribe, editor.view.get);
