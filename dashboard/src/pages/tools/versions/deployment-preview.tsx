import { CircleCheck, CircleHelp } from "lucide-react";
import type { ToolServerDeployment } from "../../../../../src/api/contract/index.ts";
import { Chip } from "../../../parts/card.tsx";
import { bytes } from "../../../parts/format/format.ts";
import { text } from "../../../text/text.ts";
import { ChangeList } from "./change-list.tsx";
import { interfaceName, PublisherMark } from "../server-state.tsx";

/** What a deployment would do, before it is done. */
export function DeploymentPreview({ deployment }: { readonly deployment: ToolServerDeployment }) {
  const words = text.tools.deploy;
  const { outcome, name, revision, tools, grants, changes, notes } = deployment;
  const isPending = outcome === "pending";
  const Icon = isPending ? CircleHelp : CircleCheck;
  return (
    <section aria-label={words.changes} className="space-y-3">
      <p className="flex items-center gap-2 font-medium">
        <Icon aria-hidden className={`size-4 shrink-0 ${isPending ? "text-warn" : "text-good"}`} />
        {words.outcome[outcome](name, revision)}
      </p>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
        <dt className="text-muted">{words.module}</dt>
        <dd>
          {deployment.version} · {interfaceName(deployment.interface)} · {bytes(deployment.module_bytes)} ·{" "}
          <span className="font-mono text-xs" title={deployment.module_hash}>
            {deployment.module_hash.slice(0, 12)}
          </span>
        </dd>
        <dt className="text-muted">{words.publisher}</dt>
        <dd>
          <PublisherMark publisher={deployment.publisher} />
        </dd>
        <dt className="text-muted">{words.tools}</dt>
        <dd className="flex flex-wrap gap-1">
          {tools.map((tool) => (
            <Chip key={tool} mono>
              {tool}
            </Chip>
          ))}
        </dd>
        <dt className="text-muted">{words.grants}</dt>
        <dd className="[overflow-wrap:anywhere]">{grants.length === 0 ? words.noGrants : grants.join(", ")}</dd>
      </dl>
      {notes.map((note) => (
        <p key={note} className="text-sm text-muted">
          {note}
        </p>
      ))}
      {outcome === "created" || outcome === "unchanged" ? null : <ChangeList label={words.changes} changes={changes} />}
    </section>
  );
}
