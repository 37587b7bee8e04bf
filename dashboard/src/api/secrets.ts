import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { type GivenTo, operations, type Secret } from "../../../src/api/contract/index.ts";
import { EVERYWHERE } from "../parts/permission.ts";
import { call } from "./client.ts";
import { entriesOf } from "./page.ts";

/** The secrets of the workspace and of all workspaces, without values. */
export const secretsQuery = queryOptions({
  queryKey: ["secrets"],
  queryFn: ({ signal }) => entriesOf((cursor) => call(operations.secret.list, { cursor, limit: 200 }, signal)),
});

/** Identifies a secret; `workspace` is that of the page, or EVERYWHERE. */
export type SecretPlace = Pick<Secret, "name" | "workspace">;

const at = ({ name, workspace }: SecretPlace) => ({
  name,
  all_workspaces: workspace === EVERYWHERE ? ("true" as const) : ("false" as const),
});

type SetSecret = Pick<GivenTo<typeof operations.secret.set>, "value" | "origins">;

/** Stores a secret; one that exists is replaced with its origins. */
export const setSecret = (place: SecretPlace, body: SetSecret) =>
  call(operations.secret.set, { ...at(place), ...body });

/** Replaces the value of a secret that exists. */
export const rotateSecret = (place: SecretPlace, value: string) =>
  call(operations.secret.rotate, { ...at(place), value });

export const deleteSecret = (place: SecretPlace) => call(operations.secret.delete, at(place));

/** Refetches the secrets, and the providers and models that depend on them. */
export const refetchSecrets = (client: QueryClient) =>
  Promise.all(
    [secretsQuery.queryKey, ["model-providers"], ["models"]].map((queryKey) => client.invalidateQueries({ queryKey })),
  );
