import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "../parts/Icon.tsx";

export interface ControlProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  label: string;
  look?: "normal" | "danger" | "active";
  busy?: boolean;
}

/** One of the buttons below the stage. */
export function Control({ icon, label, look = "normal", busy, onClick, ...rest }: ControlProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`control control--${look}`}
      aria-disabled={busy || undefined}
      onClick={(event) => busy !== true && onClick?.(event)}
    >
      <Icon name={icon} />
      <span className="control__label">{label}</span>
    </button>
  );
}
