import { lazy, Suspense, useState } from "react";
import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { count } from "../format/format.ts";

// Asked for as soon as a page that shows answers is loaded, not when the first answer is.
const loading = import("./markdown-body.tsx").then(({ MarkdownBody }) => ({ default: MarkdownBody }));
const Body = lazy(() => loading);

/** As much as is rendered at first, and with each press of the button: more than that keeps the browser busy for seconds. */
const LINES_MAX = 500;
const CHARS_MAX = 50_000;

/** The beginning of a text, of whole lines where they are not longer than all that is shown. */
function beginningOf(whole: string, parts: number): string {
  let end = -1;
  for (let line = 0; line < LINES_MAX * parts; line += 1) {
    end = whole.indexOf("\n", end + 1);
    if (end === -1 || end > CHARS_MAX * parts) break;
  }
  return end === -1 && whole.length <= CHARS_MAX * parts
    ? whole
    : whole.slice(0, end === -1 ? CHARS_MAX * parts : Math.min(end, CHARS_MAX * parts));
}

/** Markdown from a model: shown as text until its renderer has come, and never as HTML. Of a long one the beginning is shown first. */
export function Markdown({ children }: { readonly children: string }) {
  const [parts, setParts] = useState(1);
  const shown = beginningOf(children, parts);
  return (
    <>
      <Suspense fallback={<p className="whitespace-pre-wrap">{shown}</p>}>
        <Body>{shown}</Body>
      </Suspense>
      {shown.length === children.length ? null : (
        <p className="mt-3 flex flex-wrap items-center gap-3 text-sm text-muted">
          {text.run.partly(count(shown.length), count(children.length))}
          <Button size="small" onClick={() => setParts(parts + 1)}>
            {text.run.showMore}
          </Button>
        </p>
      )}
    </>
  );
}
