import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileWarning } from "lucide-react";
import { useState } from "react";
import { operations, type AgentDetail } from "../../../../src/api/contract/index.ts";
import { deployAgent } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { Diff } from "../../parts/content/code.tsx";
import { Command } from "../../parts/content/copy.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { CLI, quoted } from "../../parts/content/shell-command.ts";
import { text } from "../../text/text.ts";

const words = text.agent.file;

/** Shown while the agent's file on the server is another text than what is deployed: which of the two counts is the reader's choice. */
export function FileBanner({ agent }: { readonly agent: AgentDetail }) {
  const { name, file, file_source: source } = agent;
  const client = useQueryClient();
  const [shown, setShown] = useState<"difference" | "keep">();
  const deploy = useMutation({
    mutationFn: deployAgent,
    onSuccess: ({ outcome, agent: deployed }) => {
      notify(text.deploy.outcome[outcome](deployed.name, deployed.revision));
      return Promise.all(
        [["agents"], ["agent", name], ["revisions", name]].map((queryKey) => client.invalidateQueries({ queryKey })),
      );
    },
  });
  if (file === null || source === null) return null;
  const toggle = (part: "difference" | "keep") => setShown((before) => (before === part ? undefined : part));
  return (
    <section aria-label={words.title} className="mb-4 rounded-lg border border-warn/50 bg-warn-soft px-4 py-3">
      <div className="flex gap-2.5">
        <FileWarning aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <div className="min-w-0 flex-1 space-y-2.5">
          <div>
            <h2 className="font-medium">{words.title}</h2>
            <p className="mt-0.5 text-sm text-muted [overflow-wrap:anywhere]">
              {words.note(file.path, agent.revision)}
            </p>
          </div>
          <div className="flex flex-wrap gap-2">
            <Button size="small" aria-expanded={shown === "difference"} onClick={() => toggle("difference")}>
              {words.compare}
            </Button>
            <Button
              needs={operations.agent.deploy}
              size="small"
              disabled={deploy.isPending}
              onClick={() => deploy.mutate({ source, fileName: file.path })}
            >
              {words.deploy}
            </Button>
            <Button size="small" aria-expanded={shown === "keep"} onClick={() => toggle("keep")}>
              {words.keep}
            </Button>
          </div>
          {deploy.error === null ? null : <ProblemView error={deploy.error} />}
          {shown === "difference" ? <Diff label={words.compare} before={agent.source} after={source} /> : null}
          {shown === "keep" ? (
            <p className="text-sm">
              {words.keepNote} <Command>{`${CLI} agent get ${quoted(name)} --source > ${quoted(file.path)}`}</Command>
            </p>
          ) : null}
        </div>
      </div>
    </section>
  );
}
