import { useRef } from "react";
import { cx } from "../class-names.ts";

type Props = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Lines, from 1, with an error or a warning. */
  readonly errors: ReadonlySet<number>;
  readonly warnings: ReadonlySet<number>;
  readonly rows?: number;
  readonly placeholder?: string;
  readonly id?: string;
};

/** A plain text area with line numbers beside it; Tab leaves it, as everywhere. */
export function SourceEditor({ label, value, onChange, errors, warnings, rows = 18, placeholder, id }: Props) {
  const gutter = useRef<HTMLDivElement>(null);
  const lines = value.split("\n").length;
  return (
    <div className="flex overflow-hidden rounded-lg border border-line-strong bg-surface font-mono text-xs leading-5 focus-within:border-accent focus-within:outline-1 focus-within:outline-accent">
      <div ref={gutter} aria-hidden className="w-11 shrink-0 overflow-hidden bg-sunken py-2 text-right select-none">
        {Array.from({ length: lines }, (_, index) => (
          <div
            key={index}
            className={cx(
              "pr-2.5",
              errors.has(index + 1)
                ? "bg-bad-soft font-semibold text-bad"
                : warnings.has(index + 1)
                  ? "bg-warn-soft text-warn"
                  : "text-faint",
            )}
          >
            {index + 1}
          </div>
        ))}
        {/* As much room below as the text's own scroll bar takes, so that both scroll alike. */}
        <div className="h-8" />
      </div>
      <textarea
        id={id}
        aria-label={label}
        aria-invalid={errors.size > 0}
        value={value}
        rows={rows}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoCorrect="off"
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => gutter.current?.scrollTo({ top: event.currentTarget.scrollTop })}
        className="min-w-0 flex-1 resize-y bg-transparent px-3 py-2 outline-none"
      />
    </div>
  );
}

/** Puts the cursor at a place in a text area, counted from 1, and brings it into view. */
export function goToPlace(area: HTMLTextAreaElement, place: { line: number; column: number; length: number }): void {
  const lines = area.value.split("\n");
  const before = lines.slice(0, place.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const at = before + place.column - 1;
  area.focus();
  area.setSelectionRange(at, at + place.length);
  area.scrollTop = Math.max(0, (place.line - 4) * 20);
}
