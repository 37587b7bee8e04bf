import { Download, Upload } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { exportAddress, type Exporting } from "../../../api/memory/memory-transfer.ts";
import { Button, buttonClass } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Field, Select } from "../../../parts/forms/field.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { TRANSFER } from "../../../text/memory/transfer.ts";
import { ImportDialog } from "../import-dialog.tsx";
import { ScopeOptions } from "../search/scope-options.tsx";

const FORMATS = ["jsonl", "json", "mcp"] as const;

/** Memory as a file: out of here, and in. */
export function Transfer({ figures }: { readonly figures: MemoryFigures }) {
  const [wanted, setWanted] = useState<Exporting>({
    format: "jsonl",
    scope: undefined,
    history: false,
    embeddings: false,
  });
  const [isImporting, setImporting] = useState(false);
  const set = (change: Partial<Exporting>) => setWanted((before) => ({ ...before, ...change }));
  const isForOthers = wanted.format === "mcp";
  const scopes = figures.scopes.map(({ scope }) => scope);
  // What the reference server reads is of one scope.
  const scope = isForOthers ? (wanted.scope ?? scopes[0] ?? "workspace") : wanted.scope;
  return (
    <Card title={STORE.transfer}>
      <div className="space-y-3">
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          <Field label={STORE.format}>
            {({ id }) => (
              <Select
                id={id}
                value={wanted.format}
                onChange={({ target }) => set({ format: FORMATS.find((one) => one === target.value) ?? "jsonl" })}
              >
                {FORMATS.map((format) => (
                  <option key={format} value={format}>
                    {STORE.formats[format]}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={STORE.scopeOfExport}>
            {({ id }) => (
              <Select
                id={id}
                value={scope ?? ""}
                onChange={({ target: { value } }) => set({ scope: value === "" ? undefined : value })}
              >
                {isForOthers ? null : <option value="">{STORE.everything}</option>}
                <ScopeOptions scopes={scopes} />
              </Select>
            )}
          </Field>
        </div>
        {isForOthers ? null : <Extras wanted={wanted} onChange={set} />}
        <div className="flex flex-wrap gap-2">
          <a className={buttonClass()} href={exportAddress({ ...wanted, ...(isForOthers && PLAIN), scope })} download>
            <Download aria-hidden />
            {STORE.download}
          </a>
          <Button needs={operations.memoryTransfer.import} onClick={() => setImporting(true)}>
            <Upload aria-hidden />
            {TRANSFER.import}
          </Button>
        </div>
        <p className="text-xs text-muted">{STORE.transferNote}</p>
      </div>
      {isImporting ? <ImportDialog onClose={() => setImporting(false)} /> : null}
    </Card>
  );
}

const PLAIN = { history: false, embeddings: false } as const;

type ExtrasProps = { readonly wanted: Exporting; readonly onChange: (change: Partial<Exporting>) => void };

const Extras = ({ wanted, onChange }: ExtrasProps) => (
  <div className="flex flex-wrap gap-x-5 gap-y-2 text-sm">
    <label className="flex items-center gap-2">
      <input
        type="checkbox"
        checked={wanted.history}
        onChange={({ target }) => onChange({ history: target.checked })}
      />
      {STORE.withHistory}
    </label>
    <label className="flex items-center gap-2">
      <input
        type="checkbox"
        checked={wanted.embeddings}
        onChange={({ target }) => onChange({ embeddings: target.checked })}
      />
      {STORE.withEmbeddings}
    </label>
  </div>
);
