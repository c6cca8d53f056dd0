import { type ReactNode, useEffect, useRef } from "react";
import { Button, buttonClass } from "../ui/Button.tsx";

export interface OverProps {
  title: string;
  children?: ReactNode;
  /** A recording of it that can be watched. */
  watchUrl?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
  onExit?: (() => void) | undefined;
}

/** Instead of the meeting: that it is over, or why one is not in it. */
export function Over({ title, children, watchUrl, action, onExit }: OverProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main id="main" className="over">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
      <div className="over__actions">
        {watchUrl !== undefined && (
          <a className={buttonClass("primary")} href={watchUrl}>
            Watch the recording
          </a>
        )}
        {action !== undefined && (
          <Button look={watchUrl === undefined ? "primary" : "normal"} onClick={action.run}>
            {action.label}
          </Button>
        )}
        {onExit !== undefined && (
          <Button look="quiet" onClick={onExit}>
            Back to my meetings
          </Button>
        )}
      </div>
    </main>
  );
}
