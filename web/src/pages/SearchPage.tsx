import "../search/search.css";
import { type FormEvent, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { Hits } from "../search/Hits.tsx";
import { useFound } from "../search/useFound.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { foundWords } from "../words/search.ts";

/** As the server takes it, characters. */
const longestQuery = 200;

/** Finds what was said in all meetings of the person who is signed in; what is looked for stands in the address. */
export function SearchPage() {
  const asked = new URLSearchParams(useSearch()).get("q")?.trim() ?? "";
  return (
    <Page
      title="Search what was said"
      trail={
        <nav className="trail" aria-label="Where you are">
          <Link href="/">← My meetings</Link>
        </nav>
      }
    >
      <Search asked={asked} />
    </Page>
  );
}

function Search({ asked }: { asked: string }) {
  const [, go] = useLocation();
  const [text, setText] = useState(asked);
  const [shown, setShown] = useState(asked);
  // Gone back to, or on from.
  if (asked !== shown) {
    setShown(asked);
    setText(asked);
  }
  const [attempt, setAttempt] = useState(0);
  const { found, error, busy } = useFound(asked, attempt);
  const search = (event: FormEvent) => {
    event.preventDefault();
    const query = text.trim();
    if (query === asked) setAttempt(attempt + 1);
    else go(query === "" ? "/search" : `/search?q=${encodeURIComponent(query)}`);
  };
  return (
    <>
      <search>
        <form className="search" onSubmit={search}>
          <Field
            label="Words, or what it was about"
            type="search"
            maxLength={longestQuery}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <Button type="submit" look="primary">
            Search
          </Button>
        </form>
      </search>
      {error !== undefined && <RefusalNotice error={error} />}
      {busy && <Skeleton rows={3} label="What was said is being looked through" />}
      <p role="status">{found && foundWords(found)}</p>
      {found?.meaning === "unavailable" && (
        <Notice>
          Only the very words were looked for. Search again in a moment for what means the same.
        </Notice>
      )}
      {found && found.hits.length > 0 && <Hits hits={found.hits} />}
    </>
  );
}
