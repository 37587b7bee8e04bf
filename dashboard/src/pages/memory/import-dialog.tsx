import { FileUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { MemoryImportReport } from "../../../../src/api/contract/index.ts";
import { importMemory, type Importing, type ImportProgress } from "../../api/memory/memory-transfer.ts";
import { Button } from "../../parts/button.tsx";
import { Fact } from "../../parts/card.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input, Select } from "../../parts/forms/field.tsx";
import { Progress } from "../../parts/progress.tsx";
import { text } from "../../text/text.ts";
import { TRANSFER } from "../../text/memory/transfer.ts";
import { forgetCached, refetchMemory, useChange } from "./forms/use-change.ts";

const MERGES = ["update", "skip", "error"] as const;
const SHOWN = 20;

/** A file is read into memory, or only tried. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const picker = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File>();
  const [merge, setMerge] = useState<Importing["merge"]>("update");
  const [scope, setScope] = useState("");
  const { send, progress, stop } = useImport();
  const begin = (isTrial: boolean) => {
    if (file && !send.isPending)
      send.mutate({ file, merge, scope: scope.trim() === "" ? undefined : scope.trim(), isTrial });
  };
  return (
    <Dialog title={TRANSFER.importTitle} onClose={onClose}>
      <DialogForm
        onSubmit={() => begin(false)}
        error={send.error}
        buttons={
          <Buttons
            isReady={file !== undefined && !send.isPending}
            isDone={send.data?.dry_run === false}
            onTry={() => begin(true)}
            onStop={send.isPending ? stop : undefined}
            onClose={onClose}
          />
        }
      >
        <p className="text-sm text-muted">{TRANSFER.importNote}</p>
        <input
          ref={picker}
          type="file"
          aria-label={TRANSFER.choose}
          accept=".json,.jsonl,.ndjson"
          hidden
          onChange={({ target }) => setFile(target.files?.[0])}
        />
        <Button data-autofocus onClick={() => picker.current?.click()}>
          <FileUp aria-hidden />
          {file?.name ?? TRANSFER.choose}
        </Button>
        <Options merge={merge} onMerge={setMerge} scope={scope} onScope={setScope} />
        {send.isPending ? (
          <Progress label={TRANSFER.reading} share={shareOf(progress, send.variables?.file)}>
            {TRANSFER.read(progress?.records ?? 0, progress?.problems ?? 0)}
          </Progress>
        ) : null}
        {send.data === undefined ? null : <Report report={send.data} />}
      </DialogForm>
    </Dialog>
  );
}

/** How much of a file was read; undefined before anything was. */
const shareOf = (progress: ImportProgress | undefined, file: File | undefined): number | undefined =>
  progress === undefined || file === undefined || file.size === 0 ? undefined : progress.bytes / file.size;

type OptionsProps = {
  readonly merge: Importing["merge"];
  readonly onMerge: (merge: Importing["merge"]) => void;
  readonly scope: string;
  readonly onScope: (scope: string) => void;
};

/** Options: handling of existing entities, and the target scope. */
const Options = ({ merge, onMerge, scope, onScope }: OptionsProps) => (
  <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
    <Field label={TRANSFER.merge}>
      {({ id }) => (
        <Select
          id={id}
          value={merge}
          onChange={({ target }) => onMerge(MERGES.find((one) => one === target.value) ?? "update")}
        >
          {MERGES.map((one) => (
            <option key={one} value={one}>
              {TRANSFER.merges[one]}
            </option>
          ))}
        </Select>
      )}
    </Field>
    <Field label={TRANSFER.scope} note={TRANSFER.scopeNote}>
      {({ id, describedBy }) => (
        <Input id={id} aria-describedby={describedBy} value={scope} onChange={({ target }) => onScope(target.value)} />
      )}
    </Field>
  </div>
);

/** Imports files one by one with their progress; closing the dialog cancels a running import. */
function useImport() {
  const [progress, setProgress] = useState<ImportProgress>();
  const under = useRef<AbortController>(undefined);
  const stop = () => under.current?.abort();
  useEffect(() => () => under.current?.abort(), []);
  const send = useChange(
    (given: Importing) => {
      const control = new AbortController();
      under.current = control;
      setProgress(undefined);
      return importMemory(given, control.signal, setProgress);
    },
    ({ dry_run }) => (dry_run ? TRANSFER.tried : TRANSFER.done),
    { refresh: (client, { dry_run }) => (dry_run ? refetchMemory(client) : forgetCached(client)) },
  );
  return { send, progress, stop };
}

type ButtonsProps = {
  readonly isReady: boolean;
  readonly isDone: boolean;
  readonly onTry: () => void;
  readonly onStop: (() => void) | undefined;
  readonly onClose: () => void;
};

function Buttons({ isReady, isDone, onTry, onStop, onClose }: ButtonsProps) {
  return (
    <>
      <Button onClick={onStop ?? onClose}>
        {onStop === undefined ? (isDone ? text.actions.close : text.actions.cancel) : TRANSFER.stop}
      </Button>
      <Button disabled={!isReady} onClick={onTry}>
        {TRANSFER.trial}
      </Button>
      <Button type="submit" look="primary" disabled={!isReady}>
        {TRANSFER.import}
      </Button>
    </>
  );
}

function Report({ report }: { readonly report: MemoryImportReport }) {
  return (
    <section aria-label={TRANSFER.report} role="status" className="space-y-2 text-sm">
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        <Fact name={TRANSFER.entities}>{TRANSFER.counts(report.entities)}</Fact>
        <Fact name={TRANSFER.relations}>{TRANSFER.counts(report.relations)}</Fact>
      </dl>
      {report.whole ? null : <p className="text-warn">{TRANSFER.cut}</p>}
      {report.problems === 0 ? null : (
        <>
          <p className="text-bad">{TRANSFER.problems(report.problems)}</p>
          <ul className="space-y-1">
            {report.items.slice(0, SHOWN).map(({ line, message }, index) => (
              <li key={index} className="[overflow-wrap:anywhere]">
                <span className="font-mono text-xs text-muted">{TRANSFER.line(line)}</span> {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
