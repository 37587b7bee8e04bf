import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { deleteToolServer, dependentsQuery } from "../../api/tool-servers.ts";
import { DeleteDialog } from "../../parts/dialogs/delete-dialog.tsx";
import { text } from "../../text/text.ts";

type Props = { readonly server: ToolServerRecord; readonly onClose: () => void };

/** Says who would miss it; its revisions go with it. */
export function DeleteServer({ server, onClose }: Props) {
  const { name, calls_under_way: inFlight } = server;
  const { remove: words } = text.tools;
  return (
    <DeleteDialog
      name={name}
      title={words.title(name)}
      action={text.tools.actions.delete}
      done={words.done(name)}
      onClose={onClose}
      remove={() => deleteToolServer(name)}
      backTo="/tools"
      gone={["tool-server", name]}
      stale={[["tools"], ["tool-servers"]]}
    >
      <p className="text-muted">{words.note}</p>
      <Dependents server={name} />
      {inFlight === 0 ? null : <p className="text-busy">{words.inFlight(inFlight)}</p>}
    </DeleteDialog>
  );
}

/** The agents whose definitions name the server. */
function Dependents({ server }: { readonly server: string }) {
  const { data: agents } = useQuery(dependentsQuery(server));
  if (agents === undefined) return null;
  if (agents.length === 0) return <p className="text-sm">{text.tools.remove.noAgents}</p>;
  return (
    <div className="rounded-lg border border-warn/50 bg-warn-soft px-4 py-2.5 text-sm">
      <p>{text.tools.remove.agents(agents.length)}</p>
      <ul className="mt-1 list-disc pl-5">
        {agents.map((name) => (
          <li key={name}>
            <Link to="/agents/$name" params={{ name }} className="text-accent hover:underline">
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
