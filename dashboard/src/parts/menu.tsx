import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { type Needs, useDenial } from "./permission.ts";

export type MenuItem = {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly act: () => void;
  readonly danger?: boolean;
  /** The operation that the item performs. Without its permission the item is disabled and says why. */
  readonly needs?: Needs;
};

type Props = { readonly trigger: ReactNode; readonly items: readonly MenuItem[] };

/** A button that opens a short list of actions. */
export function Menu({ trigger, items }: Props) {
  const denial = useDenial();
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-40 min-w-44 animate-rise rounded-lg border border-line-strong bg-surface p-1 shadow-pop"
        >
          {items.map(({ label, icon, act, danger = false, needs }) => (
            <DropdownMenu.Item
              key={label}
              onSelect={act}
              disabled={denial(needs) !== undefined}
              title={denial(needs)}
              className={`flex h-8 cursor-pointer items-center gap-2 rounded-md px-2.5 text-sm outline-none data-[disabled]:cursor-not-allowed data-[disabled]:opacity-50 data-[highlighted]:bg-hover [&_svg]:size-4 ${danger ? "text-bad" : ""}`}
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
