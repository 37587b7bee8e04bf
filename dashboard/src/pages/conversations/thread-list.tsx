import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { cx } from "../../parts/class-names.ts";
import { clockTime, fullTime } from "../../parts/format/format.ts";
import { addressWords, contentWords } from "../../parts/messages/message-words.ts";
import { text } from "../../text/text.ts";
import type { ThreadProps } from "./diagram.tsx";

/** The same as the diagram, from top to bottom in words. */
export const ThreadList = ({ messages, selected, onSelect }: ThreadProps) => (
  <ol
    aria-label={text.conversations.thread}
    className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card"
  >
    {messages.map((message) => (
      <li key={message.position}>
        <button
          type="button"
          aria-current={message.id === selected ? "true" : undefined}
          onClick={() => onSelect(message.id)}
          className={cx(
            "w-full px-4 py-2 text-left focus-visible:-outline-offset-2",
            message.id === selected ? "bg-accent-soft" : "hover:bg-hover",
          )}
        >
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <ActBadge act={message.performative} />
            <span className="min-w-0 text-sm font-medium [overflow-wrap:anywhere]">
              {message.sender} <span className="font-normal text-muted">→</span> {addressWords(message)}
            </span>
            <span className="ml-auto flex gap-x-2 text-xs text-muted">
              {message.reply_by === null ? null : (
                <span title={fullTime(message.reply_by)} className="text-warn">
                  {text.conversations.answerBy(clockTime(Date.parse(message.reply_by)))}
                </span>
              )}
              <time dateTime={message.at} title={fullTime(message.at)}>
                {clockTime(Date.parse(message.at))}
              </time>
            </span>
          </span>
          <span className="mt-0.5 line-clamp-2 text-sm text-muted [overflow-wrap:anywhere]">
            {contentWords(message)}
          </span>
        </button>
      </li>
    ))}
  </ol>
);
