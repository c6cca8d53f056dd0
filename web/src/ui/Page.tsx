import { type ReactNode, useEffect, useRef } from "react";

let first = true;

export interface PageProps {
  /** Of the tab. */
  title: string;
  /** What the heading shows, when it is not the title. */
  heading?: ReactNode;
  /** Above the heading: where this page is. */
  trail?: ReactNode;
  /** Beside the heading. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The main part of a page: names the tab, and moves the focus to its heading after a navigation. */
export function Page({ title, heading, trail, actions, children }: PageProps) {
  const headingElement = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Connvo`;
  }, [title]);
  useEffect(() => {
    // The browser itself announces the page that was asked for first.
    if (!first) headingElement.current?.focus();
    first = false;
  }, []);
  return (
    <main id="main" className="page">
      {trail}
      <div className="page__head">
        <h1 ref={headingElement} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions}
      </div>
      {children}
    </main>
  );
}
