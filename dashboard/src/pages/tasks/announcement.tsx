import type { ReactNode } from "react";
import type { Task } from "../../../../src/api/contract/index.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Card, Chip, Fact } from "../../parts/card.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { JsonView } from "../../parts/content/json-view.tsx";
import { text } from "../../text/text.ts";
import { TaskStatus } from "./status-badge.tsx";

const words = text.tasks;

/** What was announced to whom, and how it stands. */
export function Announcement({ task }: { readonly task: Task }) {
  return (
    <Card title={words.announcement}>
      {task.description === "" ? null : (
        <p className="mb-4 text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">{task.description}</p>
      )}
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3 lg:grid-cols-4">
        {factsOf(task).map(([name, value]) => (
          <Fact key={name} name={words.facts[name]}>
            {value}
          </Fact>
        ))}
      </dl>
      {task.data === null ? null : (
        <div className="mt-4">
          <p className="mb-1 text-xs text-muted">{words.data}</p>
          <JsonView value={task.data} />
        </div>
      )}
    </Card>
  );
}

type FactName = keyof typeof words.facts;

/** Only what says something of this task. */
function factsOf(task: Task): readonly (readonly [FactName, ReactNode])[] {
  const { capabilities, participants, assigned_to: winner, due_at: due, failure, auction } = task;
  const isBidding = task.protocol !== "request";
  return [
    ["status", <TaskStatus key="status" status={task.status} />],
    ["winner", winner ?? words.notAwarded],
    ...only("price", auction === null || auction.price === null ? null : auction.price),
    ...only("prices", auction === null ? null : pricesOf(task.protocol, auction)),
    ...only("awards", task.awards > 1 ? task.awards : null),
    ...only("failure", failure?.message ?? null),
    ["owner", task.owner],
    ["protocol", words.protocols[task.protocol]],
    ...only("round", task.rounds > 1 ? `${task.round} / ${task.rounds}` : null),
    ...only("capabilities", capabilities.length === 0 ? null : chips(capabilities)),
    ...only("participants", participants.length === 0 ? null : chips(participants)),
    ...only("evaluation", isBidding && auction === null ? evaluationWords(task.evaluation) : null),
    ...only("wait", isBidding ? words.seconds(task.max_wait_seconds) : null),
    ["work", words.seconds(task.timeout_seconds)],
    ["reawards", words.more(task.reawards_max)],
    ...only("due", due === null ? null : fullTime(due)),
    ["created", <Ago key="created" at={task.created_at} />],
  ];
}

const only = (name: FactName, value: ReactNode): readonly (readonly [FactName, ReactNode])[] =>
  value === null ? [] : [[name, value]];

const chips = (names: readonly string[]) => (
  <span className="flex flex-wrap gap-1">
    {names.map((name) => (
      <Chip key={name}>{name}</Chip>
    ))}
  </span>
);

const pricesOf = (protocol: Task["protocol"], auction: NonNullable<Task["auction"]>): string =>
  protocol === "auction-sealed"
    ? words.sealedPrices(auction.reserve, auction.second_price)
    : words.calledPrices(auction.start, auction.step, auction.reserve);

const evaluationWords = ({ type, by }: Task["evaluation"]): ReactNode => (
  <>
    {words.evaluations[type]} {by === null ? null : <code className="font-mono text-xs">{by}</code>}
  </>
);
