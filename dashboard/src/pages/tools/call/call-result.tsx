import { Download } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { ToolCallOutcome, ToolServerRecord } from "../../../../../src/api/contract/index.ts";
import { Button, buttonClass } from "../../../parts/button.tsx";
import { Fact } from "../../../parts/card.tsx";
import { cx } from "../../../parts/class-names.ts";
import { CopyButton } from "../../../parts/content/copy.tsx";
import { bytes, count, duration, shortCount } from "../../../parts/format/format.ts";
import { JsonView } from "../../../parts/content/json-view.tsx";
import { StatePill } from "../../../parts/state-pill.tsx";
import { text } from "../../../text/text.ts";
import { Loose } from "../../run/steps/step-detail.tsx";
import { Observed } from "./observed.tsx";

type Props = { readonly outcome: ToolCallOutcome; readonly server: Pick<ToolServerRecord, "sandboxed"> };

/** What a call by hand gave, and what it took. */
export function CallResult({ outcome, server }: Props) {
  const [raw, setRaw] = useState(false);
  return (
    <section aria-label={text.step.result} className="mt-5 space-y-3 border-t border-line pt-4">
      <Figures outcome={outcome} server={server}>
        <Button size="small" look="quiet" onClick={() => setRaw(!raw)}>
          {raw ? text.call.readable : text.call.raw}
        </Button>
        <CopyButton value={copied(outcome, raw)} />
      </Figures>
      {raw ? (
        <div className="rounded-lg border border-line p-3">
          <JsonView value={outcome} open={3} />
        </div>
      ) : (
        <Readable outcome={outcome} />
      )}
    </section>
  );
}

const copied = (outcome: ToolCallOutcome, raw: boolean): string => {
  if (raw) return JSON.stringify(outcome, null, 2);
  return outcome.structured === null ? outcome.text : JSON.stringify(outcome.structured, null, 2);
};

type FiguresProps = Props & { readonly children: ReactNode };

function Figures({ outcome, server, children }: FiguresProps) {
  const { facts } = text.step;
  const done = outcome.outcome === "done";
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
      <div role="status">
        <StatePill state={done ? "done" : "failed"} words={done ? text.states.done : outcome.outcome} />
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-2 [&_div]:flex [&_div]:items-baseline [&_div]:gap-1.5">
        <Fact name={facts.duration}>{duration(outcome.duration_ms)}</Fact>
        {server.sandboxed ? (
          <>
            <Fact name={facts.fuel}>
              <span title={count(outcome.fuel)}>{shortCount(outcome.fuel)}</span>
            </Fact>
            <Fact name={facts.memory}>{bytes(outcome.memory_bytes)}</Fact>
          </>
        ) : null}
      </dl>
      <div className="ml-auto flex items-center gap-1">{children}</div>
    </div>
  );
}

function Readable({ outcome }: Pick<Props, "outcome">) {
  const done = outcome.outcome === "done";
  const isEmpty = outcome.structured === null && outcome.text === "" && outcome.files.length === 0;
  return (
    <>
      {done ? null : <p className="text-sm text-muted">{text.outcomes[outcome.outcome] ?? ""}</p>}
      {isEmpty ? <p className="text-sm text-muted">{text.call.empty}</p> : null}
      {outcome.structured === null ? null : (
        <div className="max-h-[32rem] overflow-auto rounded-lg border border-line p-3">
          <JsonView value={outcome.structured} />
        </div>
      )}
      {outcome.text === "" ? null : (
        <div className="rounded-lg border border-line">
          <Loose label={text.step.result} value={outcome.text} />
        </div>
      )}
      {outcome.files.map((file) => (
        <ResultFile key={file.name} file={file} />
      ))}
      {outcome.observed === null ? null : <Observed observed={outcome.observed} />}
    </>
  );
}

type MadeFile = ToolCallOutcome["files"][number];

/** Media types shown through <img>, where scripts of an image cannot run. */
const IMAGE_TYPES = new Set(["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

const dataUrl = ({ media_type: type, text: content, base64 }: MadeFile): string =>
  base64 === null ? `data:${type};charset=utf-8,${encodeURIComponent(content)}` : `data:${type};base64,${base64}`;

/** Bytes of a file: of base64 three for four characters, without its padding. */
const sizeOf = ({ text: content, base64 }: MadeFile): number =>
  base64 === null ? new Blob([content]).size : Math.floor((base64.replace(/=+$/, "").length * 3) / 4);

function ResultFile({ file }: { readonly file: MadeFile }) {
  return (
    <figure className="overflow-hidden rounded-lg border border-line">
      <FileContent file={file} />
      <figcaption className="flex items-center gap-3 border-t border-line px-3 py-1.5 text-xs text-muted">
        <span className="min-w-0 flex-1 truncate font-mono">{file.name}</span>
        <span>{bytes(sizeOf(file))}</span>
        <a
          href={dataUrl(file)}
          download={file.name}
          aria-label={text.call.download(file.name)}
          title={text.call.download(file.name)}
          className={buttonClass("quiet", "small")}
        >
          <Download aria-hidden />
        </a>
      </figcaption>
    </figure>
  );
}

/** Shows images and text; of other content only its type. */
function FileContent({ file }: { readonly file: MadeFile }) {
  if (IMAGE_TYPES.has(file.media_type)) {
    return (
      <div className={cx("p-3", file.media_type !== "image/svg+xml" && "bg-paper")}>
        <img src={dataUrl(file)} alt={text.run.image(file.name)} className="mx-auto max-h-96 max-w-full" />
      </div>
    );
  }
  if (file.base64 === null) return <Loose label={file.name} value={file.text} />;
  return <p className="p-3 text-sm text-muted">{text.call.bytes(file.media_type)}</p>;
}
