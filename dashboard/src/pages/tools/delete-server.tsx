import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { deleteToolServer, dependentsQuery } from "../../api/tool-servers.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { notify } from "../../parts/notice.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";

type Props = { readonly server: ToolServerRecord; readonly onClose: () => void };

/** Says who would miss it, and asks for the name to be typed: its revisions go with it. */
export function DeleteServer({ server, onClose }: Props) {
  const { name, calls_under_way: underWay } = server;
  const { remove: words } = text.tools;
  const [typed, setTyped] = useState("");
  const remove = useRemove(name);
  return (
    <Dialog title={words.title(name)} onClose={onClose}>
      <form
        className="space-y-4 overflow-y-auto p-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) remove.mutate();
        }}
      >
        <p className="text-muted">{words.note}</p>
        <Dependents server={name} />
        {underWay === 0 ? null : <p className="text-busy">{words.underWay(underWay)}</p>}
        <Field label={text.agent.typeName(name)}>
          {({ id }) => (
            <Input
              id={id}
              data-autofocus
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        {remove.error === null ? null : <ProblemView error={remove.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look="danger" disabled={typed !== name || remove.isPending}>
            {text.tools.actions.delete}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function useRemove(name: string) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => deleteToolServer(name),
    onSuccess: async () => {
      notify(text.tools.remove.done(name));
      await navigate({ to: "/tools" });
      client.removeQueries({ queryKey: ["tool-server", name] });
      await Promise.all([["tools"], ["tool-servers"]].map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
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
