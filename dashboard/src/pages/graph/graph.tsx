import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMessageTail } from "../../api/live/message-tail.ts";
import { mailboxesQuery, tailPath } from "../../api/messages.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { useServerNow } from "../../parts/format/clock.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { text } from "../../text/text.ts";
import { FlowTable } from "./flow-table.tsx";
import { GraphView } from "./graph-view.tsx";
import { flowsOf } from "./traffic.ts";

const route = getRouteApi("/graph");
const words = text.graph;
/** Of the past, when the page opens; while it is open it counts further. */
const PAST = 1_000;
const KEPT_MAX = 5_000;
const WINDOW_MS = 3_600_000;

/** Message traffic between participants, as a graph and as a table. */
export function Graph() {
  const { node } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (name: string | undefined) =>
    void navigate({ search: { node: name === node ? undefined : name }, replace: true, resetScroll: false });
  const { messages, live, isRead } = useMessageTail(tailPath({}, PAST), KEPT_MAX);
  const nowMs = useServerNow(15_000);
  const mailboxes = useQuery(mailboxesQuery).data?.items ?? [];
  const sinceMs = nowMs - WINDOW_MS;
  const flows = flowsOf(messages, sinceMs);
  const present = mailboxes.filter(({ presence }) => presence !== "gone").map(({ name }) => name);
  const shown = node === undefined ? flows : flows.filter(({ from, to }) => from === node || to === node);
  return (
    <>
      <PageHeading title={text.pages.graph} note={words.note} />
      {flows.length === 0 ? (
        isRead ? (
          <Nothing />
        ) : (
          <Skeleton lines={10} />
        )
      ) : (
        <div className="space-y-4">
          <div className="flex min-h-7 flex-wrap items-center gap-x-4 gap-y-1 text-xs text-muted">
            <p role="status" className="flex flex-wrap gap-x-4">
              <span className={live === true ? "text-good" : "text-warn"}>
                {live === true ? text.messages.live : text.messages.lost}
              </span>
              <span>{words.counted(messages.filter(({ at }) => Date.parse(at) >= sinceMs).length)}</span>
              {messages.length >= PAST ? <span>{words.more}</span> : null}
            </p>
            <span className="flex-1 max-sm:basis-full">{words.legend}</span>
            {node === undefined ? null : (
              <Button size="small" onClick={() => choose(undefined)}>
                {words.all}
              </Button>
            )}
          </div>
          <GraphView names={present} flows={flows} mailboxes={mailboxes} chosen={node} onChoose={choose} />
          <FlowTable flows={shown} />
        </div>
      )}
    </>
  );
}

const Nothing = () => (
  <Empty title={words.empty} note={words.emptyNote} command={text.messages.emptyCommand}>
    <Link to="/messages" search={{ compose: true }} className={buttonClass("primary")}>
      {text.messages.compose}
    </Link>
  </Empty>
);
