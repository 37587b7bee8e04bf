import { queryOptions, type QueryClient } from "@tanstack/react-query";
import {
  DOCUMENTS,
  type GivenTo,
  type LoginProviders,
  operations,
  type OutputOf,
} from "../../../src/api/contract/index.ts";
import { text } from "../text/text.ts";
import {
  ask,
  call,
  ProblemError,
  unreachable,
  whenUnauthenticated,
  whenWorkspaceLost,
  WORKSPACE_LOST,
} from "./client.ts";
import { setCsrfToken } from "./csrf.ts";
import { entriesOf } from "./page.ts";
import { retryUnlessRefused } from "./queries.ts";

export type Identity = OutputOf<typeof operations.access.whoami>;
export type ApiKey = OutputOf<typeof operations.key.list>["items"][number];
export type User = OutputOf<typeof operations.user.list>["items"][number];
export type Role = OutputOf<typeof operations.access.roles>["items"][number];

const IDENTITY_KEY = ["identity"] as const;

/** Who uses this page; null before the login. */
export const identityQuery = queryOptions({
  queryKey: IDENTITY_KEY,
  queryFn: ({ signal }) => whoami(signal).catch(asAnonymous),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  retry: retryUnlessRefused,
});

async function whoami(signal?: AbortSignal): Promise<Identity> {
  const identity = await call(operations.access.whoami, {}, signal);
  setCsrfToken(identity.session?.csrf_token);
  return identity;
}

function asAnonymous(error: unknown): null {
  if (error instanceof ProblemError && error.problem.status === 401) return null;
  throw error;
}

/** Shows the login, and forgets all data, as soon as the server refuses the session. */
export function watchSession(client: QueryClient): void {
  whenUnauthenticated(() => forget(client));
  whenWorkspaceLost(() => {
    // The answer to whoami itself is in its query.
    if (client.getQueryState(IDENTITY_KEY)?.fetchStatus === "idle")
      void client.invalidateQueries({ queryKey: IDENTITY_KEY });
  });
}

export const isWorkspaceLost = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code === WORKSPACE_LOST;

function forget(client: QueryClient): void {
  setCsrfToken(undefined);
  // A login in progress has no data to forget.
  if (client.getQueryData(IDENTITY_KEY) == null) return;
  client.setQueryData<Identity | null>(IDENTITY_KEY, null);
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== IDENTITY_KEY[0] });
}

/** Creates a session with an API key or the token of a login link. Throws ProblemError, also if the browser did not keep the session's cookie. */
export async function logIn(client: QueryClient, key: string): Promise<void> {
  await call(operations.session.create, {}, undefined, { token: key, isServerWide: true });
  const identity = await whoami().catch(asAnonymous);
  if (identity === null) throw new ProblemError({ ...unreachable(), ...text.access.cookieRefused });
  client.setQueryData<Identity | null>(IDENTITY_KEY, identity);
}

export async function logOut(client: QueryClient): Promise<void> {
  const { provider } = await call(operations.session.delete, {}, undefined, { isServerWide: true });
  forget(client);
  // The session at the identity provider would log the next person in.
  if (provider !== null) location.assign(provider);
}

/** Identity providers at which users log in. */
export const providersQuery = queryOptions({
  queryKey: ["login-providers"],
  queryFn: ({ signal }) => ask<LoginProviders>(DOCUMENTS.loginProviders, { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Creates the first administrator's key with the token that the server prints at its start. */
export const createFirstKey = (setupToken: string) =>
  call(operations.key.create, { name: "administrator", role: "admin" }, undefined, {
    token: setupToken,
    isServerWide: true,
  });

export type Workspace = OutputOf<typeof operations.workspace.get>;

/** The workspaces that the user may use. */
export const workspacesQuery = queryOptions({
  queryKey: ["workspaces"],
  queryFn: ({ signal }) =>
    entriesOf((cursor) => call(operations.workspace.list, { cursor, limit: 200 }, signal, { isServerWide: true })),
});

export const createWorkspace = (body: GivenTo<typeof operations.workspace.create>) =>
  call(operations.workspace.create, body);
export const updateWorkspace = (body: GivenTo<typeof operations.workspace.update>) =>
  call(operations.workspace.update, body);

export const deleteWorkspace = (name: string) => call(operations.workspace.delete, { name, confirm: "true" });

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => entriesOf((cursor) => call(operations.key.list, { cursor, limit: 200 }, signal)),
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) => entriesOf((cursor) => call(operations.user.list, { cursor, limit: 200 }, signal)),
});

export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  queryFn: ({ signal }) => call(operations.access.roles, {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const createKey = (body: GivenTo<typeof operations.key.create>) => call(operations.key.create, body);
export const rotateKey = (id: string, grace: number) => call(operations.key.rotate, { id, grace });
export const revokeKey = (id: string) => call(operations.key.revoke, { id });
export const disableUser = (id: string) => call(operations.user.disable, { id });
export const enableUser = (id: string) => call(operations.user.enable, { id });
export const createLoginLink = (body: GivenTo<typeof operations.user.link>) => call(operations.user.link, body);
