import { type Operation, type Permission, PERMISSIONS } from "../contract/index.ts";
import { LOCAL_APPROVER } from "../../agents/permissions/index.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";

/** The party on whose behalf an operation is performed. */
export type Principal = {
  readonly kind: "local";
  readonly name: string;
  /** Decides which approvals the principal may answer. */
  readonly role: string;
  readonly workspace: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The tokens of participants that the client presented, valid or not. */
  readonly tokens: readonly string[];
};

/** What a surface knows of a request before it reads the body. */
export type Credentials = { readonly token: string | undefined; readonly address: string };

/** Decides who may perform which operation. Every surface calls it before it reads a request's body. */
export interface Access {
  /** Returns the principal of a request. Throws if the principal may not perform the operation. */
  admit(operation: Operation, credentials: Credentials): Principal;
}

const isPermission = (name: string): name is Permission => Object.hasOwn(PERMISSIONS, name);

const LOCAL: Principal = {
  kind: "local",
  ...LOCAL_APPROVER,
  workspace: DEFAULT_WORKSPACE,
  permissions: new Set(Object.keys(PERMISSIONS).filter(isPermission)),
  tokens: [],
};

/** A server without access control: every client that reaches the port has every permission. */
export const OPEN_ACCESS: Access = {
  admit: (_operation, { token }) => (token === undefined ? LOCAL : { ...LOCAL, tokens: [token] }),
};
