import { lazy, Suspense } from "react";

const Body = lazy(async () => ({ default: (await import("./markdown-body.tsx")).MarkdownBody }));

/** Markdown from a model: shown as text until its renderer has come, and never as HTML. */
export function Markdown({ children }: { readonly children: string }) {
  return (
    <Suspense fallback={<p className="whitespace-pre-wrap">{children}</p>}>
      <Body>{children}</Body>
    </Suspense>
  );
}
