import { useQuery } from "@tanstack/react-query";
import { use } from "react";
import { operations } from "../../../../src/api/contract/index.ts";
import { rolesQuery } from "../../api/access.ts";
import { Card, Chip } from "../../parts/card.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { IdentityContext, useDenial } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { Keys } from "./keys.tsx";
import { Users } from "./users.tsx";
import { Why } from "./why.tsx";
import { Workspaces } from "./workspaces.tsx";

const words = text.access.roles;

/** Users and API keys, and the roles that they can have. */
export function Access() {
  const isLocal = use(IdentityContext)?.kind === "local";
  const isAdmin = useDenial()(operations.workspace.create) === undefined;
  return (
    <>
      <PageHeading title={text.pages.access} note={isLocal ? text.access.local : text.access.note} />
      <div className="space-y-6">
        <Users />
        <Keys />
        {isAdmin ? <Workspaces /> : null}
        <Why />
        <Roles />
      </div>
    </>
  );
}

function Roles() {
  const { data, error, refetch } = useQuery(rolesQuery);
  return (
    <Card title={words.title} flush>
      {data !== undefined ? (
        <ul aria-label={words.title} className="divide-y divide-line">
          {data.items.map(({ name, description, is_built_in: isBuiltIn, permissions }) => (
            <li key={name} className="px-4 py-2.5">
              <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
                {name}
                {isBuiltIn ? <Chip>{words.builtIn}</Chip> : null}
              </p>
              <p className="text-sm text-muted">{description}</p>
              <details className="mt-1 text-xs">
                <summary className="cursor-pointer text-muted">{words.count(permissions.length)}</summary>
                <p className="mt-1 font-mono [overflow-wrap:anywhere]">{permissions.join(", ")}</p>
              </details>
            </li>
          ))}
        </ul>
      ) : error === null ? (
        <Skeleton lines={4} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} className="m-4" />
      )}
    </Card>
  );
}
