import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";

export type MenuItem = {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly act: () => void;
  readonly danger?: boolean;
};

type Props = { readonly trigger: ReactNode; readonly items: readonly MenuItem[] };

/** A button that opens a short list of actions. */
export function Menu({ trigger, items }: Props) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-40 min-w-44 animate-rise rounded-lg border border-line-strong bg-surface p-1 shadow-pop"
        >
          {items.map(({ label, icon, act, danger = false }) => (
            <DropdownMenu.Item
              key={label}
              onSelect={act}
              className={`flex h-8 cursor-pointer items-center gap-2 rounded-md px-2.5 text-sm outline-none data-[highlighted]:bg-hover [&_svg]:size-4 ${danger ? "text-bad" : ""}`}
            >
              {icon}
              {label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
