import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  operations,
  type MemoryChange,
  type MemoryEntity,
  type MemoryHistory,
} from "../../../../../src/api/contract/index.ts";
import { toProblem } from "../../../api/client.ts";
import { entityQuery, neighbourhoodQuery, revertEntity } from "../../../api/memory/memory.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { changedFields } from "./changed-fields.ts";
import { claimWords } from "./entity-words.ts";
import { beginning } from "../beginning.ts";
import { saidChanges } from "./said-changes.ts";
import { SaidBy } from "./said-by.tsx";
import { useChange } from "../forms/use-change.ts";

const words = text.memory;

/** Changes before all are asked for. */
const SHOWN = 8;
/** Maximum characters of an observation in a change. */
const SAID_CHARS = 300;

type Props = { readonly history: MemoryHistory };

/** Each change, newest first, and a way back to each version. */
export function History({ history }: Props) {
  const { entity, changes } = history;
  const revert = useChange(
    (version: number) => revertEntity(entity.id, version),
    () => words.reverted,
  );
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? changes : changes.slice(0, SHOWN);
  // Relations change nothing of its versions.
  const hasVersion = ({ action, version }: MemoryChange) =>
    action !== "relate" && action !== "unrelate" && version > 0 && version < entity.version;
  return (
    <Card title={words.history} flush>
      <ol aria-label={words.history} className="divide-y divide-line">
        {shown.map((change) => (
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
                needs={operations.memory.revert}
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
      {shown.length === changes.length ? null : (
        <div className="border-t border-line p-2">
          <Button size="small" onClick={() => setWhole(true)}>
            {words.showAll(changes.length)}
          </Button>
        </div>
      )}
      {revert.error === null ? null : <ProblemView error={revert.error} className="m-4" />}
    </Card>
  );
}

function What({ change, history: { entity, observations } }: Props & { readonly change: MemoryChange }) {
  const { action, version, details } = change;
  const isAboutRelation = action === "relate" || action === "unrelate";
  const { added, gone, amended } = saidChanges(isAboutRelation ? [] : observations, version);
  const forgotten = details["observations"];
  return (
    <ul className="text-sm text-muted [overflow-wrap:anywhere]">
      {isAboutRelation ? <WhatRelation entity={entity} details={details} /> : null}
      {action === "forget" && typeof forgotten === "number" ? <li>{words.forgot(forgotten)}</li> : null}
      {changedFields(details).map(({ field, before, after }) => (
        <li key={field}>
          {field}: {before} → {after}
        </li>
      ))}
      {amended.map(({ before, after }) => (
        <li key={after.id}>
          <bdi>{beginning(after.text, SAID_CHARS)}</bdi> ({EDITING.amended(claimWords(before), claimWords(after))})
        </li>
      ))}
      {added.map(({ id, text: observation }) => (
        <li key={id}>
          + <bdi>{beginning(observation, SAID_CHARS)}</bdi>
        </li>
      ))}
      {gone.map(({ id, text: observation }) => (
        <li key={id}>
          −{" "}
          <del>
            <bdi>{beginning(observation, SAID_CHARS)}</bdi>
          </del>
        </li>
      ))}
    </ul>
  );
}

type RelationProps = { readonly entity: MemoryEntity; readonly details: MemoryChange["details"] };

/** To whom; by name while it is still around. */
function WhatRelation({ entity, details: { type, to } }: RelationProps) {
  const around = useQuery(neighbourhoodQuery(entity, 1)).data?.entities;
  const near = around?.find((one) => one.entity.id === to)?.entity;
  // The graph of a hub has only its first neighbours; the others are requested one by one.
  const { data: far, error } = useQuery({
    ...entityQuery(typeof to === "string" ? to : ""),
    enabled: typeof to === "string" && around !== undefined && near === undefined,
  });
  if (typeof type !== "string") return null;
  const other =
    near?.name ?? far?.name ?? (error !== null && toProblem(error).code === "ENTITY_NOT_FOUND" ? words.noLonger : "…");
  return (
    <li>
      {type}
      {typeof to !== "string" ? null : (
        <>
          {" → "}
          <Link to="/memory/$id" params={{ id: to }} className="text-accent underline underline-offset-2">
            <bdi>{other}</bdi>
          </Link>
        </>
      )}
    </li>
  );
}
