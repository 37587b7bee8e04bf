import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryGraph, type MemoryRelation } from "../../../../../src/api/contract/index.ts";
import { Button, IconButton } from "../../../parts/button.tsx";
import { Row, Table, Td, Th } from "../../../parts/table.tsx";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { percent, spanWords } from "../entity/entity-words.ts";
import { EditRelation, type NamedRelation, RemoveRelation } from "./relation-dialog.tsx";

const words = text.memory;
/** Rows before all are asked for. */
const SHOWN = 25;

/** Table of relations, with actions to change and delete each. */
export function RelationTable({ graph }: { readonly graph: MemoryGraph }) {
  const { relationColumns: columns } = words;
  const [isWhole, setWhole] = useState(false);
  const names = new Map(graph.entities.map(({ entity }) => [entity.id, entity.name]));
  const shown = isWhole ? graph.relations : graph.relations.slice(0, SHOWN);
  return (
    <>
      <Table label={words.asTable}>
        <thead>
          <tr>
            <Th>{columns.from}</Th>
            <Th>{columns.type}</Th>
            <Th className="w-2/5 max-sm:w-3/5">{columns.to}</Th>
            <Th className="w-24 text-right max-sm:hidden">{columns.strength}</Th>
            <Th className="w-0">
              <span className="sr-only">{EDITING.relations.actions}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {shown.map((relation) => (
            <RelationRow
              key={relation.id}
              relation={relation}
              from={names.get(relation.from) ?? relation.from}
              to={names.get(relation.to) ?? relation.to}
            />
          ))}
        </tbody>
      </Table>
      {shown.length === graph.relations.length ? null : (
        <Button size="small" onClick={() => setWhole(true)}>
          {words.showAll(graph.relations.length)}
        </Button>
      )}
    </>
  );
}

function RelationRow({ relation, from, to }: NamedRelation) {
  const [open, setOpen] = useState<"edit" | "remove" | undefined>(undefined);
  const close = () => setOpen(undefined);
  const { type, strength, bidirectional } = relation;
  return (
    <Row>
      <Td className="wrap-break-word max-sm:px-2">
        <EndLink id={relation.from}>{from}</EndLink>
      </Td>
      <Td className="[overflow-wrap:anywhere] text-muted max-sm:px-2">
        {type}
        {bidirectional ? ` (${words.bothWays})` : ""}
        <Remarks of={relation} />
      </Td>
      <Td className="wrap-break-word max-sm:px-2">
        <EndLink id={relation.to}>{to}</EndLink>
      </Td>
      <Td className="text-right text-muted max-sm:hidden">{percent(strength)}</Td>
      <Td className="px-1 py-0.5 whitespace-nowrap">
        <IconButton
          needs={operations.memory.relate}
          label={EDITING.relations.edit(from, type, to)}
          onClick={() => setOpen("edit")}
        >
          <Pencil aria-hidden />
        </IconButton>
        <IconButton
          needs={operations.memory.unrelate}
          label={EDITING.relations.remove(from, type, to)}
          onClick={() => setOpen("remove")}
        >
          <Trash2 aria-hidden />
        </IconButton>
        {open === "edit" ? <EditRelation relation={relation} from={from} to={to} onClose={close} /> : null}
        {open === "remove" ? <RemoveRelation relation={relation} from={from} to={to} onClose={close} /> : null}
      </Td>
    </Row>
  );
}

/** What is particular to it: that it is not sure, or does not hold always. */
function Remarks({ of: { confidence, valid_from: from, valid_to: to } }: { readonly of: MemoryRelation }) {
  const remarks = [
    ...(confidence < 1 ? [EDITING.sure(percent(confidence))] : []),
    ...(from === null && to === null ? [] : [spanWords(from, to)]),
  ];
  return remarks.length === 0 ? null : <span className="block truncate text-xs">{remarks.join(", ")}</span>;
}

const EndLink = ({ id, children }: { readonly id: string; readonly children: string }) => (
  <Link to="/memory/$id" params={{ id }} className="font-medium text-accent hover:underline">
    {children}
  </Link>
);
