import { ArrowDownToLine, Eraser, Pause, Play } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { CopyButton } from "../../parts/content/copy.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Input } from "../../parts/forms/field.tsx";
import { clockTime } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";
import { useLogLines, type LogLine } from "./log-lines.ts";

/** Lines in the page at once; the filter looks through all that are kept. */
const SHOWN_MAX = 1_000;
/** Closer to the end than this counts as being at it. */
const END_PX = 24;

/** What a tool server writes to its log, as it is written. */
export function LogTab({ server }: { readonly server: string }) {
  const { lines, live, clear } = useLogLines(server);
  const [held, setHeld] = useState<readonly LogLine[] | undefined>();
  const [filter, setFilter] = useState("");
  const [follows, setFollows] = useState(true);
  const now = held ?? lines;
  const shown = now.filter((line) => wordsOf(line).toLowerCase().includes(filter.toLowerCase())).slice(-SHOWN_MAX);
  if (live === undefined && lines.length === 0) return <Skeleton lines={8} />;
  const isEmpty = lines.length === 0 && held === undefined;
  return (
    <section aria-label={text.tools.logs.title}>
      <Toolbar
        filter={filter}
        onFilter={setFilter}
        paused={held !== undefined}
        onPause={() => setHeld(held === undefined ? lines : undefined)}
        follows={follows}
        onFollow={() => setFollows(!follows)}
        onClear={() => {
          clear();
          setHeld(undefined);
        }}
        copied={shown.map((line) => `${line.type === "line" ? `${line.at} ` : ""}${wordsOf(line)}`).join("\n")}
      />
      {isEmpty ? (
        <Empty title={text.tools.logs.empty} note={text.tools.logs.emptyNote} />
      ) : (
        <Lines lines={shown} follows={follows && held === undefined} onLeave={() => setFollows(false)} />
      )}
      <p role="status" className="mt-2 flex flex-wrap gap-x-4 text-xs text-muted">
        <span className={live === true ? "text-good" : "text-warn"}>
          {live === true ? text.tools.logs.live : text.tools.logs.lost}
        </span>
        {isEmpty ? null : <span>{text.tools.logs.lines(shown.length)}</span>}
        {held === undefined ? null : <span>{text.tools.logs.held(newSince(held, lines))}</span>}
      </p>
    </section>
  );
}

const wordsOf = (line: LogLine): string => (line.type === "line" ? line.text : text.tools.logs.gap(line.lines));

const newSince = (held: readonly LogLine[], lines: readonly LogLine[]): number => {
  const last = held.at(-1)?.id ?? 0;
  return lines.filter(({ id }) => id > last).length;
};

type ToolbarProps = {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly paused: boolean;
  readonly onPause: () => void;
  readonly follows: boolean;
  readonly onFollow: () => void;
  readonly onClear: () => void;
  readonly copied: string;
};

function Toolbar({ filter, onFilter, paused, onPause, follows, onFollow, onClear, copied }: ToolbarProps) {
  const words = text.tools.logs;
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <Input
        data-filter
        type="text"
        aria-label={words.filter}
        placeholder={words.filter}
        value={filter}
        onChange={(event) => onFilter(event.target.value)}
        className="max-w-72"
      />
      <div className="flex-1" />
      <Button
        size="small"
        aria-pressed={follows}
        onClick={onFollow}
        className={cx(follows && "bg-accent-soft! text-accent!")}
      >
        <ArrowDownToLine aria-hidden />
        {words.follow}
      </Button>
      <Button size="small" aria-pressed={paused} onClick={onPause} className={cx(paused && "bg-warn-soft! text-warn!")}>
        {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {words.pause}
      </Button>
      <Button size="small" look="quiet" onClick={onClear}>
        <Eraser aria-hidden />
        {words.clear}
      </Button>
      <CopyButton value={copied} />
    </div>
  );
}

type LinesProps = { readonly lines: readonly LogLine[]; readonly follows: boolean; readonly onLeave: () => void };

/** Stays at the end while it follows; scrolling up is how one says to stop. */
function Lines({ lines, follows, onLeave }: LinesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const last = lines.at(-1)?.id;
  useLayoutEffect(() => {
    if (follows) frame.current?.scrollTo({ top: frame.current.scrollHeight });
  }, [follows, last]);
  return (
    <div
      ref={frame}
      role="log"
      aria-live="off"
      aria-label={text.tools.logs.title}
      tabIndex={0}
      onWheel={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        if (event.deltaY < 0 && scrollHeight - clientHeight - scrollTop <= END_PX && scrollTop > 0) onLeave();
      }}
      onKeyDown={(event) => {
        if (["ArrowUp", "PageUp", "Home"].includes(event.key)) onLeave();
      }}
      className="h-[60vh] overflow-auto rounded-lg border border-line bg-surface py-2 font-mono text-xs leading-5"
    >
      {lines.length === 0 ? <p className="px-4 text-muted">{text.tools.logs.none}</p> : null}
      <ol>
        {lines.map((line) => (
          <li key={line.id} className="flex gap-3 px-4 hover:bg-hover">
            <span className="shrink-0 text-faint select-none">
              {line.type === "line" ? clockTime(Date.parse(line.at)) : "…"}
            </span>
            <span
              className={cx("min-w-0 whitespace-pre-wrap [overflow-wrap:anywhere]", line.type === "gap" && "text-warn")}
            >
              {wordsOf(line)}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
