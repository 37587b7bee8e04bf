import type { ReactNode } from "react";
import { text } from "../../text/text.ts";
import { cx } from "../class-names.ts";
import { lineDiff, type DiffLine } from "./line-diff.ts";

const frame = "overflow-auto rounded-lg border border-line bg-surface py-2 font-mono text-xs leading-5";

type Props = {
  readonly label: string;
  readonly source: string;
  /** Lines, from 1, that have a problem. */
  readonly marked?: ReadonlySet<number>;
};

/** A file with its line numbers, which are not part of what is selected and copied. */
export function Code({ label, source, marked }: Props) {
  const lines = source.replace(/\n$/, "").split("\n");
  return (
    <div role="group" aria-label={label} tabIndex={0} className={frame}>
      <pre className="min-w-max">
        <code>
          {lines.map((line, index) => (
            <span key={index} className={cx("flex pr-4", marked?.has(index + 1) === true && "bg-warn-soft")}>
              <Gutter>{String(index + 1)}</Gutter>
              <span>{line === "" ? "\n" : `${line}\n`}</span>
            </span>
          ))}
        </code>
      </pre>
    </div>
  );
}

const Gutter = ({ children, width = "w-12" }: { readonly children: ReactNode; readonly width?: string }) => (
  <span aria-hidden className={cx("shrink-0 pr-3 text-right text-faint select-none", width)}>
    {children}
  </span>
);

const SIGNS = { same: " ", added: "+", removed: "−" } as const;
const TONES = {
  same: "",
  added: "bg-good-soft text-good",
  removed: "bg-bad-soft text-bad",
} as const;
/** Lines kept around each change. */
const CONTEXT = 3;

type DiffProps = { readonly label: string; readonly before: string; readonly after: string };

/** Two texts against each other; long equal stretches are left out. */
export function Diff({ label, before, after }: DiffProps) {
  const lines = lineDiff(before, after);
  const pieces = folded(lines);
  if (pieces.every((piece) => typeof piece === "number" || piece.type === "same")) {
    return <p className="text-sm text-muted">{text.diff.same}</p>;
  }
  return (
    <div role="group" aria-label={label} tabIndex={0} className={frame}>
      <pre className="min-w-max">
        {pieces.map((piece, index) =>
          typeof piece === "number" ? (
            <span key={index} className="block bg-sunken px-4 text-muted">
              {text.diff.hidden(piece)}
            </span>
          ) : (
            <span key={index} className={cx("flex pr-4", TONES[piece.type])}>
              <Gutter width="w-10">{piece.before}</Gutter>
              <Gutter width="w-10">{piece.after}</Gutter>
              <span className="w-4 shrink-0">{SIGNS[piece.type]}</span>
              <span>{`${piece.text}\n`}</span>
            </span>
          ),
        )}
      </pre>
    </div>
  );
}

/** The lines near a change, and for the stretches between the number of lines left out. */
function folded(lines: readonly DiffLine[]): readonly (DiffLine | number)[] {
  const pieces: (DiffLine | number)[] = [];
  const near = (index: number): boolean =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ type }) => type !== "same");
  for (const [index, line] of lines.entries()) {
    const last = pieces.at(-1);
    if (near(index)) pieces.push(line);
    else if (typeof last === "number") pieces[pieces.length - 1] = last + 1;
    else pieces.push(1);
  }
  return pieces;
}
