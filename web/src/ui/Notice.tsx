import type { ReactNode } from "react";

export interface NoticeProps {
  tone?: "info" | "good" | "warn" | "bad";
  children: ReactNode;
  /** Button or link to do something about it. */
  action?: ReactNode;
}

/** Something to know, in place. What is bad interrupts a screen reader, the rest waits its turn. */
export function Notice({ tone = "info", children, action }: NoticeProps) {
  return (
    <div className={`notice notice--${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <div>{children}</div>
      {action}
    </div>
  );
}
