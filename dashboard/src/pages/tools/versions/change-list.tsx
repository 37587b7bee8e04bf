import { CircleHelp, Dot, Minus, Plus } from "lucide-react";
import type { ToolChange } from "../../../../../src/api/contract/index.ts";
import { Diff } from "../../../parts/content/code.tsx";
import { text } from "../../../text/text.ts";

type Props = { readonly label: string; readonly changes: readonly ToolChange[] };

/** What is different, each in a line, what asks to be accepted first; longer words with both their sides. */
export function ChangeList({ label, changes }: Props) {
  if (changes.length === 0) return <p className="text-sm text-muted">{text.tools.versions.same}</p>;
  return (
    <ul aria-label={label} className="divide-y divide-line rounded-lg border border-line bg-surface">
      {changes.map((change, index) => (
        <li key={index} className="px-3 py-2">
          <div className="flex items-start gap-2">
            <Mark change={change} />
            <span className="min-w-0 flex-1 text-sm [overflow-wrap:anywhere]">{shortHashes(change.text)}</span>
            {change.asks ? (
              <span className="shrink-0 text-xs whitespace-nowrap text-warn">{text.tools.versions.asks}</span>
            ) : null}
          </div>
          {isLong(change) ? (
            <div className="mt-2 pl-6">
              <Diff label={change.text} before={change.before ?? ""} after={change.after ?? ""} />
            </div>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/** Hashes are shortened to a prefix. */
const shortHashes = (line: string): string => line.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1…");

/** What a model reads of a tool is shown whole: in one line its change would be cut. */
const isLong = ({ kind, before, after }: ToolChange): boolean =>
  (kind === "description" || kind === "title") && before !== null && after !== null;

function Mark({ change: { asks, kind } }: { readonly change: ToolChange }) {
  const place = "mt-0.5 size-4 shrink-0";
  if (asks) return <CircleHelp aria-hidden className={`${place} text-warn`} />;
  if (kind.endsWith("-added")) return <Plus aria-hidden className={`${place} text-good`} />;
  if (kind.endsWith("-removed")) return <Minus aria-hidden className={`${place} text-faint`} />;
  return <Dot aria-hidden className={`${place} text-faint`} />;
}
