import { type ReactNode, type SyntheticEvent, useId, useLayoutEffect, useRef } from "react";

export interface DialogProps {
  title: string;
  /** Escape, or a click beside it. */
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog, open while it is rendered. The browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before it is taken out of the page: later the browser gives the focus back no more.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog?.open === false) dialog.showModal();
    return () => dialog?.close();
  }, []);
  const cancel = (event: SyntheticEvent) => {
    event.preventDefault();
    onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; the click is the pointer's way of the same
    <dialog
      ref={element}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={cancel}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="dialog__body">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
