import { Pencil } from "lucide-react";
import { useState } from "react";
import type { AgentDetail } from "../../../../src/api/contract/index.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/content/code.tsx";
import { CopyButton } from "../../parts/content/copy.tsx";
import { Markdown } from "../../parts/content/markdown.tsx";
import { Card } from "../../parts/card.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemList } from "../../parts/problems/problem-list.tsx";
import { useUnsaved } from "../../parts/forms/unsaved.ts";
import { text } from "../../text/text.ts";
import { DefinitionForm } from "../agents/definition-form.tsx";

/** The agent's file, to read and to change. */
export function Definition({ agent }: { readonly agent: AgentDetail }) {
  const [draft, setDraft] = useState<string | undefined>();
  useUnsaved(draft !== undefined && draft !== agent.source);
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(16rem,1fr)]">
      <div className="min-w-0 space-y-3">
        <div className="flex flex-wrap items-center gap-2">
          <p className="min-w-0 flex-1 truncate font-mono text-xs text-muted">{agent.file_name}</p>
          <CopyButton value={draft ?? agent.source} />
          {draft === undefined ? (
            <Button size="small" onClick={() => setDraft(agent.source)}>
              <Pencil aria-hidden />
              {text.agent.edit}
            </Button>
          ) : null}
        </div>
        {draft === undefined ? (
          <>
            <Code
              label={agent.file_name}
              source={agent.source}
              marked={new Set(agent.warnings.map(({ line }) => line))}
            />
            <ProblemList problems={agent.warnings} />
          </>
        ) : (
          <DefinitionForm
            file={{ source: draft, fileName: agent.file_name }}
            onChange={setDraft}
            rows={Math.min(32, Math.max(12, agent.source.split("\n").length + 1))}
            onDeployed={({ outcome, agent: deployed }) => {
              notify(text.deploy.outcome[outcome](deployed.name, deployed.revision));
              setDraft(undefined);
            }}
          >
            <Button onClick={() => setDraft(undefined)}>{text.agent.discard}</Button>
          </DefinitionForm>
        )}
      </div>
      {agent.documentation === "" ? null : (
        <Card title={text.agent.documentation}>
          <Markdown>{agent.documentation}</Markdown>
        </Card>
      )}
    </div>
  );
}
