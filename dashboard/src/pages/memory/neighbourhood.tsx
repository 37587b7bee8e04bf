import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { MemoryEntity, MemoryGraph } from "../../../../src/api/contract/index.ts";
import { neighbourhoodQuery } from "../../api/memory.ts";
import { Choices } from "../../parts/choices.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text.ts";
import { percent } from "./entity-words.ts";
import { RelationPicture } from "./relation-picture.tsx";

const words = text.memory;
const DEPTHS = ["1", "2", "3"] as const;

/** Who is around it: as a picture, and the same as a table. */
export function Neighbourhood({ entity }: { readonly entity: MemoryEntity }) {
  const [depth, setDepth] = useState<(typeof DEPTHS)[number]>("1");
  const { data: graph, error, refetch } = useQuery(neighbourhoodQuery(entity, Number(depth)));
  return (
    <section aria-label={words.neighbourhood} className="min-w-0 space-y-3">
      <div className="flex flex-wrap items-center gap-3">
        <h2 className="flex-1 text-sm font-semibold">{words.neighbourhood}</h2>
        <Choices
          label={words.depth}
          value={depth}
          choices={DEPTHS.map((value) => ({ value, label: words.depths[value] }))}
          onChange={(chosen) => setDepth(chosen ?? "1")}
        />
      </div>
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} />}
      {graph === undefined ? (
        error === null ? (
          <Skeleton lines={4} />
        ) : null
      ) : graph.relations.length === 0 ? (
        <p className="text-sm text-muted">{words.alone}</p>
      ) : (
        <>
          {graph.cut ? <p className="text-xs text-warn">{words.cut}</p> : null}
          <RelationPicture graph={graph} middle={entity.id} />
          <RelationTable graph={graph} />
        </>
      )}
    </section>
  );
}

function RelationTable({ graph }: { readonly graph: MemoryGraph }) {
  const { relationColumns: columns } = words;
  const names = new Map(graph.entities.map(({ entity }) => [entity.id, entity.name]));
  const link = (id: string) => (
    <Link to="/memory/$id" params={{ id }} className="font-medium text-accent hover:underline">
      {names.get(id) ?? id}
    </Link>
  );
  return (
    <Table label={words.asTable}>
      <thead>
        <tr>
          <Th>{columns.from}</Th>
          <Th>{columns.type}</Th>
          <Th>{columns.to}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.strength}</Th>
        </tr>
      </thead>
      <tbody>
        {graph.relations.map(({ id, from, to, type, strength, bidirectional }) => (
          <Row key={id}>
            <Td className="max-w-0 truncate">{link(from)}</Td>
            <Td className="max-w-0 truncate text-muted">
              {type}
              {bidirectional ? ` (${words.bothWays})` : ""}
            </Td>
            <Td className="max-w-0 truncate">{link(to)}</Td>
            <Td className="text-right text-muted max-sm:hidden">{percent(strength)}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
