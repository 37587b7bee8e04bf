import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryEntity, type MemoryHistory } from "../../../../../src/api/contract/index.ts";
import { entityHistoryQuery } from "../../../api/memory/memory.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Button } from "../../../parts/button.tsx";
import { Card, Fact } from "../../../parts/card.tsx";
import { Skeleton } from "../../../parts/empty.tsx";
import { JsonView } from "../../../parts/content/json-view.tsx";
import { useLastingError } from "../../../parts/problems/lasting-error.ts";
import { PageHeading } from "../../../parts/page-heading.tsx";
import { text } from "../../../text/text.ts";
import { EditDialog } from "./edit-dialog.tsx";
import { percent, spanWords } from "./entity-words.ts";
import { ForgetEntity } from "./forget.tsx";
import { History } from "./history.tsx";
import { MemoryProblem } from "../memory-problem.tsx";
import { Neighbourhood } from "../relations/neighbourhood.tsx";
import { Observations } from "./observations.tsx";
import { scopeName } from "../scopes.ts";

const route = getRouteApi("/memory/$id");
const words = text.memory;

/** One entity: what is said of it, who is around it, and how it came to be so. */
export function Entity() {
  const { id } = route.useParams();
  const query = useQuery(entityHistoryQuery(id));
  const { data: history, refetch } = query;
  const error = useLastingError(query);
  return (
    <>
      <PageHeading
        title={history?.entity.name ?? words.detail}
        above={<Trail />}
        note={<span className="font-mono text-xs">{id}</span>}
      >
        {history === undefined ? null : <Actions key={id} history={history} />}
      </PageHeading>
      {error === null ? null : <MemoryProblem error={error} onRetry={() => void refetch()} className="mb-4" />}
      {history === undefined ? (
        error === null ? (
          <Skeleton lines={8} />
        ) : null
      ) : (
        // By its id: a form that is open, or an error, is of this one and not of who the way back leads to.
        <div key={id} className="space-y-4">
          <Facts entity={history.entity} />
          <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2 xl:grid-rows-[auto_1fr]">
            <Observations history={history} />
            <div className="min-w-0 xl:col-start-2 xl:row-span-2 xl:row-start-1">
              <Neighbourhood entity={history.entity} />
            </div>
            <History history={history} />
          </div>
        </div>
      )}
    </>
  );
}

const Trail = () => (
  <nav aria-label={words.trail} className="mb-1 text-xs text-muted">
    <Link to="/memory" className="hover:text-ink hover:underline">
      {text.pages.memory}
    </Link>
  </nav>
);

function Actions({ history }: { readonly history: MemoryHistory }) {
  const [open, setOpen] = useState<"edit" | "forget" | undefined>(undefined);
  const close = () => setOpen(undefined);
  return (
    <>
      <Button needs={operations.memory.revise} onClick={() => setOpen("edit")}>
        <Pencil aria-hidden />
        {words.edit}
      </Button>
      <Button needs={operations.memory.forget} look="danger" onClick={() => setOpen("forget")}>
        <Trash2 aria-hidden />
        {words.forget}
      </Button>
      {open === "edit" ? <EditDialog entity={history.entity} onClose={close} /> : null}
      {open === "forget" ? <ForgetEntity history={history} onClose={close} /> : null}
    </>
  );
}

function Facts({ entity }: { readonly entity: MemoryEntity }) {
  const { facts } = words;
  return (
    <Card>
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        <Fact name={words.type}>{entity.type}</Fact>
        <Fact name={words.scope}>
          <Link
            to="/memory"
            search={{ scope: entity.scope }}
            title={entity.scope}
            className="text-accent hover:underline"
          >
            {scopeName(entity.scope)}
          </Link>
        </Fact>
        <Fact name={facts.strength}>{percent(entity.strength)}</Fact>
        <Fact name={facts.confidence}>{percent(entity.confidence)}</Fact>
        <Fact name={facts.holds}>{spanWords(entity.valid_from, entity.valid_to)}</Fact>
        <Fact name={facts.version}>{entity.version}</Fact>
        <Fact name={facts.created}>
          <Ago at={entity.created_at} />
        </Fact>
        <Fact name={words.columns.changed}>
          <Ago at={entity.updated_at} />
        </Fact>
        {Object.keys(entity.metadata).length === 0 ? null : (
          <Fact name={facts.metadata}>
            <JsonView value={entity.metadata} />
          </Fact>
        )}
      </dl>
    </Card>
  );
}
