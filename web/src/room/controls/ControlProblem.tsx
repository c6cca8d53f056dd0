import type { Action } from "../../api/useAction.ts";
import { Button } from "../../ui/Button.tsx";
import { RefusalNotice } from "../../ui/RefusalNotice.tsx";

/** Above the controls: why what was asked for did not happen. */
export function ControlProblem({ task: { error, forget } }: { task: Action }) {
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
