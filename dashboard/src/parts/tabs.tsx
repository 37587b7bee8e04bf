import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

export type Tab<Value extends string> = { readonly value: Value; readonly label: string; readonly count?: number };

type Props<Value extends string> = {
  readonly label: string;
  readonly tabs: readonly Tab<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly children: ReactNode;
};

/** Tabs whose choice lives elsewhere, in the address. */
export function Tabs<Value extends string>({ label, tabs, value, onChange, children }: Props<Value>) {
  return (
    <Radix.Root
      value={value}
      onValueChange={(chosen) => {
        const tab = tabs.find((other) => other.value === chosen);
        if (tab !== undefined) onChange(tab.value);
      }}
    >
      <Radix.List aria-label={label} className="mb-4 flex gap-5 overflow-x-auto overflow-y-hidden border-b border-line">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="-mb-px flex h-9 items-center gap-1.5 border-b-2 border-transparent text-sm whitespace-nowrap text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
          >
            {tab.label}
            {tab.count === undefined ? null : <span className="text-xs text-faint">{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={value} className="outline-none">
        {children}
      </Radix.Content>
    </Radix.Root>
  );
}
