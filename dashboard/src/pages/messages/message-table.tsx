import { Link } from "@tanstack/react-router";
import type { MessageRecord } from "../../../../src/api/contract/index.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { SignatureBadge } from "../../parts/messages/signature-badge.tsx";
import { cx } from "../../parts/class-names.ts";
import { clockTime, fullTime } from "../../parts/format/format.ts";
import { addressWords, contentWords, deliveryTone, worstDelivery } from "../../parts/messages/message-words.ts";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.messages;

type Props = {
  readonly messages: readonly MessageRecord[];
  readonly selected: string | undefined;
  /** Without room for the delivery, since one is shown beside. */
  readonly isNarrow: boolean;
};

/** One line a message; on a telephone its content stands below who says it to whom. */
export function MessageTable({ messages, selected, isNarrow }: Props) {
  const { columns } = words;
  const wideOnly = isNarrow ? "max-lg:hidden xl:hidden" : "max-lg:hidden";
  const inlineOnly = isNarrow ? "lg:max-xl:hidden" : "lg:hidden";
  return (
    <Table label={words.tabs.tail}>
      <thead>
        <tr>
          <Th className="w-20 max-sm:hidden">{columns.at}</Th>
          <Th className="w-36 max-sm:hidden">{columns.act}</Th>
          <Th className={cx("max-sm:w-auto", isNarrow ? "w-2/5" : "w-3/10")}>
            {columns.from} → {columns.to}
          </Th>
          <Th className="max-sm:hidden">{columns.content}</Th>
          <Th className={cx("w-44", wideOnly)}>{columns.signature}</Th>
          <Th className={cx("w-36", wideOnly)}>{columns.delivery}</Th>
        </tr>
      </thead>
      <tbody>
        {messages.map((message) => (
          <Row
            key={message.position}
            className={cx("h-10.5", message.id === selected && "bg-accent-soft hover:bg-accent-soft")}
          >
            <Td className="text-muted max-sm:hidden">
              <time dateTime={message.at} title={fullTime(message.at)}>
                {clockTime(Date.parse(message.at))}
              </time>
            </Td>
            <Td className="max-sm:hidden">
              <ActBadge act={message.performative} />
            </Td>
            <Td className="max-w-0">
              <span className="flex items-center gap-2">
                <Parties message={message} selected={selected} />
                <SignatureBadge message={message} className={cx("ml-auto shrink-0", inlineOnly)} />
              </span>
              <span className="mt-0.5 flex items-center gap-2 text-xs text-muted sm:hidden">
                <ActBadge act={message.performative} />
                <span className="min-w-0 truncate">{contentWords(message)}</span>
              </span>
            </Td>
            <Td className="max-w-0 truncate text-muted max-sm:hidden">{contentWords(message)}</Td>
            <Td className={wideOnly}>
              <SignatureBadge message={message} />
            </Td>
            <Td className={cx("text-xs", wideOnly)}>
              <Became message={message} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function Parties({ message, selected }: { readonly message: MessageRecord; readonly selected: string | undefined }) {
  const to = addressWords(message);
  return (
    <Link
      from="/messages"
      search={(before) => ({ ...before, message: message.id })}
      replace
      resetScroll={false}
      data-row-link
      aria-current={message.id === selected ? "true" : undefined}
      className={`${rowLink} block min-w-0 truncate`}
    >
      {message.sender} <span className="font-normal text-muted">→</span> {to}
    </Link>
  );
}

function Became({ message }: { readonly message: MessageRecord }) {
  const worst = worstDelivery(message.deliveries);
  // Without word of it yet it waits at its recipients.
  const state = worst ?? (message.recipients.length === 0 ? undefined : "queued");
  if (state === undefined) return <span className="text-bad">{words.noRecipient}</span>;
  return <span className={deliveryTone(state)}>{words.deliveryStates[state]}</span>;
}
