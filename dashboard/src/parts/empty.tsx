import type { ReactNode } from "react";
import { Command } from "./content/copy.tsx";

type Props = {
  readonly title: string;
  readonly note: string;
  readonly command?: string;
  readonly children?: ReactNode;
};

/** What a list says when it has nothing: what would be here, the command that makes one, and a button that does it. */
export function Empty({ title, note, command, children }: Props) {
  return (
    <div className="flex flex-col items-center rounded-lg border border-dashed border-line-strong px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      <p className="mt-1 max-w-md text-sm text-muted">{note}</p>
      <div className="mt-4 flex max-w-full flex-wrap items-center justify-center gap-2">
        {command === undefined ? null : (
          <span className="flex max-w-md min-w-0">
            <Command>{command}</Command>
          </span>
        )}
        {children}
      </div>
    </div>
  );
}

/** Grey lines where a list will be. */
export function Skeleton({ lines = 6 }: { readonly lines?: number }) {
  return (
    <div aria-hidden className="animate-pulse-soft space-y-3 rounded-lg border border-line bg-surface p-4">
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="h-4 rounded bg-sunken" style={{ width: `${90 - ((line * 37) % 45)}%` }} />
      ))}
    </div>
  );
}
