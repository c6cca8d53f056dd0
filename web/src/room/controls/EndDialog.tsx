import type { Action } from "../../api/useAction.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { RefusalNotice } from "../../ui/RefusalNotice.tsx";

export interface EndDialogProps {
  task: Action;
  onEnd: () => void;
  onClose: () => void;
}

/** Asks before everybody is sent home. */
export function EndDialog({ task, onEnd, onClose }: EndDialogProps) {
  return (
    <Dialog title="End the meeting for everybody?" onClose={onClose}>
      <p>Everybody is disconnected, and a recording that runs is stopped and kept.</p>
      {task.error !== undefined && <RefusalNotice error={task.error} />}
      <div className="dialog__actions">
        <Button onClick={onClose}>Go on meeting</Button>
        <Button look="danger" busy={task.busy} onClick={onEnd}>
          End the meeting
        </Button>
      </div>
    </Dialog>
  );
}
