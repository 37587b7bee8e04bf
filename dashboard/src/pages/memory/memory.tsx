import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus, Upload } from "lucide-react";
import { useState } from "react";
import type { MemoryFigures } from "../../../../src/api/contract/index.ts";
import { memoryFiguresQuery, type Question } from "../../api/memory.ts";
import { Button } from "../../parts/button.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { type MemorySearch, MEMORY_TABS } from "../../search-memory.ts";
import { useListKeys } from "../../shell/keys.ts";
import { STORE } from "../../text-memory-store.ts";
import { text } from "../../text.ts";
import { TRANSFER } from "../../text-transfer.ts";
import { EntityList } from "./entity-list.tsx";
import { Figures } from "./figures.tsx";
import { HitList } from "./hit-list.tsx";
import { ImportDialog } from "./import-dialog.tsx";
import { RememberDialog } from "./remember-dialog.tsx";
import { readPairs } from "./pairs.ts";
import { scopesToLookInto } from "./scopes.ts";
import { SearchBar } from "./search-bar.tsx";
import { Store } from "./store/store.tsx";

const route = getRouteApi("/memory");
const words = text.memory;

/** What is remembered: entities by name, or those that answer a question, each with why. */
export function Memory() {
  useListKeys();
  const { tab = "known" } = route.useSearch();
  const navigate = route.useNavigate();
  const [isRemembering, setRemembering] = useState(false);
  const [isImporting, setImporting] = useState(false);
  const { data: figures, error, refetch } = useQuery(memoryFiguresQuery);
  return (
    <>
      <PageHeading title={text.pages.memory} note={words.note}>
        <Button look="quiet" onClick={() => setImporting(true)}>
          <Upload aria-hidden />
          {TRANSFER.import}
        </Button>
        <Button onClick={() => setRemembering(true)}>
          <Plus aria-hidden />
          {words.remember}
        </Button>
      </PageHeading>
      {figures === undefined ? (
        error === null ? (
          <Skeleton lines={8} />
        ) : (
          <ProblemView error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <>
          {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} className="mb-4" />}
          <Tabs
            label={STORE.tabs}
            tabs={MEMORY_TABS.map((value) => ({ value, label: STORE[value] }))}
            value={tab}
            onChange={(chosen) =>
              void navigate({ search: (before) => ({ ...before, tab: chosen === "known" ? undefined : chosen }) })
            }
          >
            {tab === "store" ? <Store figures={figures} /> : <Known figures={figures} />}
          </Tabs>
        </>
      )}
      {isImporting ? <ImportDialog onClose={() => setImporting(false)} /> : null}
      {isRemembering ? <RememberDialog onClose={() => setRemembering(false)} /> : null}
    </>
  );
}

function Known({ figures }: { readonly figures: MemoryFigures }) {
  const search = route.useSearch();
  const { q, scope } = search;
  const scopes = scope === undefined ? scopesToLookInto(figures).scopes : [scope];
  return (
    <>
      <SearchBar figures={figures} />
      <Figures figures={figures} />
      {q === undefined ? (
        <EntityList scopes={scopes} type={search.type} isFiltered={scope !== undefined || search.type !== undefined} />
      ) : (
        <HitList question={questionOf(search, q, scopes)} />
      )}
    </>
  );
}

function questionOf(search: MemorySearch, query: string, scopes: readonly string[]): Question {
  const { mode = "hybrid", type, limit = 10, related, at, agent, about, tokens } = search;
  const metadata = about === undefined ? undefined : readPairs(about);
  return {
    query,
    mode,
    limit,
    type,
    scopes,
    expand: related === true ? 1 : 0,
    at,
    agent,
    metadata: metadata === undefined || "error" in metadata ? undefined : metadata.value,
    tokens,
  };
}
