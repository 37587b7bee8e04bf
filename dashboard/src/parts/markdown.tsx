import { lazy, Suspense } from "react";

// Asked for as soon as a page that shows answers is loaded, not when the first answer is.
const loading = import("./markdown-body.tsx").then(({ MarkdownBody }) => ({ default: MarkdownBody }));
const Body = lazy(() => loading);

/** Markdown from a model: shown as text until its renderer has come, and never as HTML. */
export function Markdown({ children }: { readonly children: string }) {
  return (
    <Suspense fallback={<p className="whitespace-pre-wrap">{children}</p>}>
      <Body>{children}</Body>
    </Suspense>
  );
}
