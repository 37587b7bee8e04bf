import { useQuery } from "@tanstack/react-query";
import { workspacesQuery } from "../../api/access.ts";
import { currentWorkspace, openWorkspace } from "../../api/workspace.ts";
import { Button } from "../../parts/button.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Wordmark } from "../../shell/wordmark.tsx";
import { text } from "../../text/text.ts";

const words = text.workspaces.lost;

/** Says that the workspace of the address is not found, and leads to those that the user may use. */
export function NoWorkspace() {
  const { data = [] } = useQuery(workspacesQuery);
  return (
    <>
      <Wordmark className="mb-6 h-4 self-start" />
      <PageHeading title={words.title} note={words.note(currentWorkspace())} />
      <p>
        <Button look="primary" onClick={() => openWorkspace(undefined)}>
          {words.back}
        </Button>
      </p>
      {data.length < 2 ? null : (
        <>
          <p className="mt-6 mb-2 text-sm text-muted">{words.others}</p>
          <ul className="flex flex-wrap gap-2">
            {data.map(({ name }) => (
              <li key={name}>
                <Button onClick={() => openWorkspace(name)}>{name}</Button>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
