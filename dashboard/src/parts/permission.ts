import { createContext, use } from "react";
import type { Operation } from "../../../src/api/contract/index.ts";
import type { Identity } from "../api/access.ts";
import { text } from "../text/text.ts";

/** In a grant: every workspace. */
export const EVERYWHERE = "*";

/** The identity of the user; undefined while it is unknown, and then everything is offered. */
export const IdentityContext = createContext<Identity | undefined>(undefined);

/** The build leaves `scope` out of an operation in a workspace. */
export type Needs = Pick<Operation, "permission"> & Partial<Pick<Operation, "scope">>;

/** Whether the user has a role in every workspace. */
export const isEverywhere = ({ grants }: Identity): boolean => grants.some(({ workspace }) => workspace === EVERYWHERE);

/** Returns why the user may not perform an operation; undefined if the user may. */
export function useDenial(): (operation: Needs | undefined) => string | undefined {
  const identity = use(IdentityContext);
  return (operation) => {
    if (identity === undefined || operation === undefined) return undefined;
    const { permission, scope } = operation;
    if (!identity.permissions.includes(permission)) return text.access.denied(permission, identity.role);
    return scope === "server" && !isEverywhere(identity) ? text.access.deniedHere(permission) : undefined;
  };
}
