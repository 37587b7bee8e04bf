import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Download, Plus, Upload } from "lucide-react";
import { useState } from "react";
import { memoryFiguresQuery } from "../../api/memory.ts";
import { exportAddress } from "../../api/memory-transfer.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text.ts";
import { TRANSFER } from "../../text-transfer.ts";
import { EntityList } from "./entity-list.tsx";
import { Figures } from "./figures.tsx";
import { HitList } from "./hit-list.tsx";
import { ImportDialog } from "./import-dialog.tsx";
import { RememberDialog } from "./remember-dialog.tsx";
import { scopesToLookInto } from "./scopes.ts";
import { SearchBar } from "./search-bar.tsx";

const route = getRouteApi("/memory");
const words = text.memory;

/** What is remembered: entities by name, or those that answer a question, each with why. */
export function Memory() {
  useListKeys();
  const { q } = route.useSearch();
  const [isRemembering, setRemembering] = useState(false);
  const [isImporting, setImporting] = useState(false);
  const { data: figures, error, refetch } = useQuery(memoryFiguresQuery);
  return (
    <>
      <PageHeading title={text.pages.memory} note={words.note}>
        <a className={buttonClass("quiet")} href={exportAddress} download title={TRANSFER.exportNote}>
          <Download aria-hidden />
          {TRANSFER.export}
        </a>
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
          <Figures figures={figures} />
          <SearchBar figures={figures} />
          {q === undefined ? <EntityList figures={figures} /> : <Hits question={q} {...scopesToLookInto(figures)} />}
        </>
      )}
      {isImporting ? <ImportDialog onClose={() => setImporting(false)} /> : null}
      {isRemembering ? <RememberDialog onClose={() => setRemembering(false)} /> : null}
    </>
  );
}

function Hits({ question, scopes: all }: { readonly question: string; readonly scopes: readonly string[] }) {
  const { mode = "hybrid", scope, type, limit = 10, related } = route.useSearch();
  const expand = related === true ? 1 : 0;
  const scopes = scope === undefined ? all : [scope];
  return <HitList question={{ query: question, mode, limit, type, expand, scopes }} />;
}
