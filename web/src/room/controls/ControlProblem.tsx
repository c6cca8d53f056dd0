import { Button } from "../../ui/Button.tsx";
import { RefusalNotice } from "../../ui/RefusalNotice.tsx";
import type { Task } from "../useTask.ts";

/** Above the controls: why what was asked for did not happen. */
export function ControlProblem({ task: { error, forget } }: { task: Task }) {
  if (error === undefined) return null;
  return (
    <div className="controls__problem">
      <RefusalNotice
        error={error}
        action={
          <Button small onClick={forget}>
            Close
          </Button>
        }
      />
    </div>
  );
}
