import { createContext, use } from "react";
import type { Operation } from "../../../src/api/contract/index.ts";
import type { Identity } from "../api/access.ts";
import { text } from "../text/text.ts";

/** The identity of the user; undefined while it is unknown, and then everything is offered. */
export const IdentityContext = createContext<Identity | undefined>(undefined);

export type Needs = Pick<Operation, "permission">;

/** Returns why the user may not perform an operation; undefined if the user may. */
export function useDenial(): (operation: Needs | undefined) => string | undefined {
  const identity = use(IdentityContext);
  return (operation) =>
    identity === undefined || operation === undefined || identity.permissions.includes(operation.permission)
      ? undefined
      : text.access.denied(operation.permission, identity.role);
}
