import { networkOf } from "../../kernel/addresses.ts";
import type { Level } from "./limits.ts";

/** Who uses a resource. A party with an address counts for the server too; null counts for the server alone. */
export type Party = {
  readonly address?: string | null;
  readonly principal?: { readonly id: string; readonly kind?: string; readonly workspace: string } | undefined;
};

/** A party that exceeds its own limit is refused for that one. */
export const NARROWEST_FIRST = ["principal", "workspace", "address", "server"] as const satisfies readonly Level[];

/** Returns what a party is counted under at a level; undefined if it does not count there. */
export function keyOf(level: Level, { address, principal }: Party): string | undefined {
  switch (level) {
    case "principal":
      // Programs of two workspaces can have the same id.
      return principal?.kind === "participant" ? `${principal.id}@${principal.workspace}` : principal?.id;
    case "workspace":
      return principal?.workspace;
    case "address":
      return typeof address === "string" ? networkOf(address) : undefined;
    case "server":
      return address === undefined ? undefined : "";
  }
}
