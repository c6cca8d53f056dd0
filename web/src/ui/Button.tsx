import type { ButtonHTMLAttributes, MouseEvent } from "react";
import { Spinner } from "./Spinner.tsx";

export type ButtonLook = "normal" | "primary" | "danger" | "quiet" | "quietDanger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  small?: boolean;
  /** Something it started is under way: it keeps the focus and does nothing. */
  busy?: boolean;
}

export function Button(props: ButtonProps) {
  const {
    look = "normal",
    small = false,
    busy = false,
    onClick,
    children,
    className,
    ...rest
  } = props;
  const guarded = (event: MouseEvent<HTMLButtonElement>) => {
    if (busy) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button
      type="button"
      {...rest}
      className={[buttonClass(look, small), className].filter(Boolean).join(" ")}
      onClick={guarded}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

/** For links that look like buttons. */
export function buttonClass(look: ButtonLook = "normal", small = false): string {
  return `button button--${look}${small ? " button--small" : ""}`;
}
