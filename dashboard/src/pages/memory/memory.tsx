import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus, Upload } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryFigures } from "../../../../src/api/contract/index.ts";
import { memoryFiguresQuery, type Narrowing } from "../../api/memory/memory.ts";
import { Button } from "../../parts/button.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { useLastingError } from "../../parts/problems/lasting-error.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { type MemorySearch, MEMORY_TABS } from "../../search/memory.ts";
import { useListKeys } from "../../shell/keys.ts";
import { STORE } from "../../text/memory/store.ts";
import { text } from "../../text/text.ts";
import { TRANSFER } from "../../text/memory/transfer.ts";
import { EntityList } from "./entity-list.tsx";
import { Figures } from "./figures.tsx";
import { HitList } from "./search/hit-list.tsx";
import { ImportDialog } from "./import-dialog.tsx";
import { isDamage, MemoryProblem } from "./memory-problem.tsx";
import { RememberDialog } from "./remember-dialog.tsx";
import { readPairs } from "./search/pairs.ts";
import { scopesToLookInto } from "./scopes.ts";
import { SearchBar } from "./search/search-bar.tsx";
import { Damage } from "./store/damage.tsx";
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
  const query = useQuery(memoryFiguresQuery);
  const { data: figures, refetch } = query;
  const error = useLastingError(query);
  const again = () => void refetch();
  return (
    <>
      <PageHeading title={text.pages.memory} note={words.note}>
        <Button needs={operations.memoryTransfer.import} look="quiet" onClick={() => setImporting(true)}>
          <Upload aria-hidden />
          {TRANSFER.import}
        </Button>
        <Button needs={operations.memory.remember} onClick={() => setRemembering(true)}>
          <Plus aria-hidden />
          {words.remember}
        </Button>
      </PageHeading>
      <Tabs
        label={STORE.tabs}
        tabs={MEMORY_TABS.map((value) => ({ value, label: STORE[value] }))}
        value={tab}
        onChange={(chosen) =>
          void navigate({ search: (before) => ({ ...before, tab: chosen === "known" ? undefined : chosen }) })
        }
      >
        {error === null ? null : tab === "store" && isDamage(error) ? (
          <Damage error={error} figures={figures} onRetry={again} />
        ) : (
          <MemoryProblem error={error} onRetry={again} className="mb-4" />
        )}
        {figures === undefined && error === null ? (
          <Skeleton lines={8} />
        ) : tab === "store" ? (
          <Store figures={figures} />
        ) : figures === undefined ? null : (
          <Known figures={figures} />
        )}
      </Tabs>
      {isImporting ? <ImportDialog onClose={() => setImporting(false)} /> : null}
      {isRemembering ? <RememberDialog onClose={() => setRemembering(false)} /> : null}
    </>
  );
}

function Known({ figures }: { readonly figures: MemoryFigures }) {
  const search = route.useSearch();
  const { q, scope, mode = "hybrid", limit = 10, related, tokens, near } = search;
  const scopes = scope === undefined ? scopesToLookInto(figures).scopes : [scope];
  const narrowing = narrowingOf(search);
  const isFiltered = [scope, ...Object.values(narrowing)].some((value) => value !== undefined);
  return (
    <>
      <SearchBar figures={figures} />
      <Figures figures={figures} />
      {q === undefined ? (
        <EntityList scopes={scopes} narrowing={narrowing} isFiltered={isFiltered} />
      ) : (
        <HitList
          question={{
            ...narrowing,
            query: q,
            mode,
            limit,
            scopes,
            expand: related === true ? 1 : 0,
            tokens,
            similarity: near === undefined ? undefined : near / 100,
          }}
        />
      )}
    </>
  );
}

function narrowingOf({ type, at, agent, about }: MemorySearch): Narrowing {
  const metadata = about === undefined ? undefined : readPairs(about);
  return { type, at, agent, metadata: metadata === undefined || "error" in metadata ? undefined : metadata.value };
}
