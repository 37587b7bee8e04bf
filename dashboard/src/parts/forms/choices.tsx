import type { ReactNode } from "react";
import { cx } from "../class-names.ts";

export type Choice<Value extends string> = {
  readonly value: Value | undefined;
  readonly label: string;
  readonly icon?: ReactNode;
};

type Props<Value extends string> = {
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value | undefined;
  readonly onChange: (value: Value | undefined) => void;
};

/** A few buttons of which one is pressed; `undefined` stands for no choice, such as "All". */
export function Choices<Value extends string>({ label, choices, value: chosen, onChange }: Props<Value>) {
  return (
    <div
      role="group"
      aria-label={label}
      className="flex max-w-full flex-wrap gap-0.5 rounded-lg border border-line bg-sunken p-0.5"
    >
      {choices.map(({ value, label: words, icon }) => (
        <button
          key={words}
          type="button"
          aria-pressed={chosen === value}
          onClick={() => onChange(value)}
          className={cx(
            "inline-flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm whitespace-nowrap",
            chosen === value
              ? "bg-surface font-medium text-ink shadow-card ring-1 ring-line-strong"
              : "text-muted hover:text-ink",
          )}
        >
          {icon}
          {words}
        </button>
      ))}
    </div>
  );
}
