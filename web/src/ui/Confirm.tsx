import type { ReactNode } from "react";
import { useAction } from "../api/useAction.ts";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";
import { RefusalNotice } from "./RefusalNotice.tsx";

export interface ConfirmProps {
  title: string;
  /** What will be, once it is done. */
  children: ReactNode;
  /** The verb on the button. */
  verb: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks before what cannot be undone. Open while it is rendered. */
export function Confirm({ title, children, verb, onConfirm, onClose }: ConfirmProps) {
  const { run, busy, error } = useAction();
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      {error !== undefined && <RefusalNotice error={error} />}
      <div className="dialog__actions">
        <Button onClick={onClose}>Go back</Button>
        <Button look="danger" busy={busy} onClick={() => void run(onConfirm)}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
