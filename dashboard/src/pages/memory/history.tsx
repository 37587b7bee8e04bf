import type { MemoryChange, MemoryHistory } from "../../../../src/api/contract/index.ts";
import { revertEntity } from "../../api/memory.ts";
import { Ago } from "../../parts/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";
import { changedFields } from "./changed-fields.ts";
import { SaidBy } from "./said-by.tsx";
import { useChange } from "./use-change.ts";

const words = text.memory;

type Props = { readonly history: MemoryHistory };

/** Each change, newest first, and a way back to each version. */
export function History({ history }: Props) {
  const { entity, changes } = history;
  const revert = useChange(
    (version: number) => revertEntity(entity.id, version),
    () => words.reverted,
  );
  // Relations change nothing of its versions.
  const hasVersion = ({ action, version }: MemoryChange) =>
    action !== "relate" && action !== "unrelate" && version > 0 && version < entity.version;
  return (
    <Card title={words.history} flush>
      <ol aria-label={words.history} className="divide-y divide-line">
        {changes.toReversed().map((change) => (
          <li key={change.seq} className="flex items-start gap-3 py-2.5 pr-2 pl-4">
            <span
              title={words.facts.version}
              className="w-6 shrink-0 text-right text-xs leading-5 text-faint tabular-nums"
            >
              {change.version}
            </span>
            <div className="min-w-0 flex-1">
              <p className="text-sm font-medium">{words.actions[change.action]}</p>
              <What change={change} history={history} />
              <p className="mt-0.5 flex flex-wrap gap-x-3 text-xs text-muted">
                <SaidBy of={change.provenance} />
                <Ago at={change.at} />
              </p>
            </div>
            {hasVersion(change) ? (
              <Button
                size="small"
                look="quiet"
                disabled={revert.isPending}
                onClick={() => revert.mutate(change.version)}
              >
                {words.revert(change.version)}
              </Button>
            ) : null}
          </li>
        ))}
      </ol>
      {revert.error === null ? null : <ProblemView error={revert.error} className="m-4" />}
    </Card>
  );
}

function What({ change, history: { observations } }: Props & { readonly change: MemoryChange }) {
  const { action, version, details } = change;
  const isAboutRelation = action === "relate" || action === "unrelate";
  const added = isAboutRelation ? [] : observations.filter(({ since }) => since === version);
  const gone = isAboutRelation ? [] : observations.filter(({ until }) => until === version);
  const forgotten = details["observations"];
  return (
    <ul className="text-sm text-muted [overflow-wrap:anywhere]">
      {isAboutRelation && typeof details["type"] === "string" ? <li>{details["type"]}</li> : null}
      {action === "forget" && typeof forgotten === "number" ? <li>{words.forgot(forgotten)}</li> : null}
      {changedFields(details).map(({ field, before, after }) => (
        <li key={field}>
          {field}: {before} → {after}
        </li>
      ))}
      {added.map(({ id, text: observation }) => (
        <li key={id}>+ {observation}</li>
      ))}
      {gone.map(({ id, text: observation }) => (
        <li key={id}>
          − <del>{observation}</del>
        </li>
      ))}
    </ul>
  );
}
