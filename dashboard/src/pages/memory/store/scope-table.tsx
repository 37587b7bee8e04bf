import { Link } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { forgetScope } from "../../../api/memory/memory-maintenance.ts";
import { Button, IconButton } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Field, Input } from "../../../parts/forms/field.tsx";
import { count } from "../../../parts/format/format.ts";
import { Row, Table, Td, Th } from "../../../parts/table.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { text } from "../../../text/text.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { scopeName } from "../scopes.ts";
import { forgetCached, useChange } from "../forms/use-change.ts";

type Scope = MemoryFigures["scopes"][number];

/** Rows before all are asked for: there may be a scope for each conversation. */
const SHOWN = 10;

/** How much is in each scope, the fullest first, and a way to be rid of one. */
export function ScopeTable({ figures: { scopes } }: { readonly figures: MemoryFigures }) {
  const [leaving, setLeaving] = useState<Scope | undefined>(undefined);
  const [isWhole, setWhole] = useState(false);
  const { scopeColumns: columns } = STORE;
  const fullest = scopes.toSorted((one, other) => other.entities - one.entities);
  const shown = isWhole ? fullest : fullest.slice(0, SHOWN);
  if (scopes.length === 0)
    return (
      <Card title={STORE.scopes}>
        <p className="text-sm text-muted">{STORE.noScopes}</p>
      </Card>
    );
  return (
    <>
      <Table label={STORE.scopes}>
        <thead>
          <tr>
            <Th>{columns.scope}</Th>
            <Th className="text-right">{columns.entities}</Th>
            <Th className="text-right max-sm:hidden">{columns.observations}</Th>
            <Th className="text-right max-sm:hidden">{columns.relations}</Th>
            <Th className="w-12">
              <span className="sr-only">{columns.actions}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <Row key={one.scope}>
              <Td className="w-full max-w-0 truncate">
                <Link
                  to="/memory"
                  search={{ scope: one.scope }}
                  title={one.scope}
                  className="font-medium text-accent hover:underline"
                >
                  {scopeName(one.scope)}
                </Link>
              </Td>
              <Td className="text-right text-muted tabular-nums">{count(one.entities)}</Td>
              <Td className="text-right text-muted tabular-nums max-sm:hidden">{count(one.observations)}</Td>
              <Td className="text-right text-muted tabular-nums max-sm:hidden">{count(one.relations)}</Td>
              <Td className="px-1 py-0.5">
                <IconButton
                  needs={operations.memory.forgetScope}
                  label={STORE.forgetScope(one.scope)}
                  onClick={() => setLeaving(one)}
                >
                  <Trash2 aria-hidden />
                </IconButton>
              </Td>
            </Row>
          ))}
        </tbody>
      </Table>
      {shown.length === scopes.length ? null : (
        <Button size="small" onClick={() => setWhole(true)}>
          {text.memory.showAll(scopes.length)}
        </Button>
      )}
      {leaving === undefined ? null : <ForgetScope scope={leaving} onClose={() => setLeaving(undefined)} />}
    </>
  );
}

function ForgetScope({ scope: { scope, ...lost }, onClose }: { readonly scope: Scope; readonly onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const forget = useChange(
    () => forgetScope(scope),
    () => text.memory.forgotten,
    { refresh: forgetCached },
  );
  return (
    <ChangeForm
      title={STORE.forgetScopeTitle(scope)}
      action={text.memory.forget}
      look="danger"
      onClose={onClose}
      onSubmit={() => forget.mutate(undefined, { onSuccess: onClose })}
      isReady={typed === scope && !forget.isPending}
      error={forget.error}
    >
      <div className="space-y-2 text-sm">
        <p>{STORE.forgetScopeNote}</p>
        <ul className="list-disc space-y-1 pl-5">
          <li>{STORE.lostEntities(lost.entities)}</li>
          <li>{STORE.lostObservations(lost.observations)}</li>
          <li>{STORE.lostRelations(lost.relations)}</li>
        </ul>
      </div>
      <Field label={text.agent.typeName(scope)}>
        {({ id }) => (
          <Input
            id={id}
            data-autofocus=""
            autoComplete="off"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
          />
        )}
      </Field>
    </ChangeForm>
  );
}
