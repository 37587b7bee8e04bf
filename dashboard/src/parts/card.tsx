import type { ReactNode } from "react";
import { cx } from "./class-names.ts";

type Props = {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  /** Without inner space, for lists that bring their own. */
  readonly flush?: boolean;
};

export function Card({ title, actions, children, className, flush = false }: Props) {
  return (
    <section className={cx("min-w-0 rounded-lg border border-line bg-surface shadow-card", className)}>
      {title === undefined && actions === undefined ? null : (
        <div className="flex min-h-10 flex-wrap items-center gap-2 border-b border-line py-1 pr-2 pl-4">
          <h2 className="min-w-0 flex-1 text-sm font-semibold">{title}</h2>
          {actions}
        </div>
      )}
      <div className={flush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

/** A name over a value. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="min-w-0 text-sm font-medium [overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

export const Chip = ({ children, mono = false }: { readonly children: ReactNode; readonly mono?: boolean }) => (
  <span
    className={cx(
      "inline-block max-w-full truncate rounded-md border border-line bg-sunken px-1.5 text-xs leading-5 text-muted",
      mono && "font-mono text-2xs leading-5",
    )}
  >
    {children}
  </span>
);
