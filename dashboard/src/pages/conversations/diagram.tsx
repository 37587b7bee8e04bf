import type { Conversation, MessageRecord } from "../../../../src/api/contract/index.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { isFailure } from "../../parts/messages/act-look.ts";
import { cx } from "../../parts/class-names.ts";
import { useServerNow } from "../../parts/format/clock.ts";
import { clockTime, fullTime } from "../../parts/format/format.ts";
import { addressWords, contentWords } from "../../parts/messages/message-words.ts";
import { useRoom } from "../../parts/room.ts";
import { text } from "../../text/text.ts";
import { type Arrow, columnX, layOut, type Sequence, SEQUENCE } from "./sequence.ts";

const words = text.conversations;
/** Length of the arrow of a message without recipients. */
const STUB_PX = 56;
const HEAD_PX = 5;
/** Below the last message: who is expected to speak, and until when. */
const FOOT_PX = 46;

export type ThreadProps = {
  /** Undefined where only its messages are known. */
  readonly conversation: Conversation | undefined;
  readonly messages: readonly MessageRecord[];
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
};

/**
 * A lifeline per participant and an arrow per message. A button with the same text covers each arrow, so that the keyboard and
 * screen readers go through the messages in order.
 */
export function Diagram({ conversation, messages, selected, onSelect }: ThreadProps) {
  const [ref, roomPx] = useRoom<HTMLDivElement>();
  const sequence = layOut(conversation, messages, roomPx);
  const { names, arrows, column, width, height } = sequence;
  return (
    <div
      ref={ref}
      role="group"
      aria-label={words.thread}
      tabIndex={0}
      className="overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
    >
      <div className="relative min-w-full" style={{ width, height: height + FOOT_PX }}>
        <Drawing sequence={sequence} selected={selected} />
        {names.map((name, index) => (
          <div
            key={name}
            aria-hidden
            className="absolute top-1.5 -translate-x-1/2 truncate rounded-md border border-line bg-sunken px-2 text-center text-xs leading-6 font-medium"
            style={{ left: columnX(index, column), maxWidth: column - 12 }}
          >
            {name}
          </div>
        ))}
        <ol aria-label={words.thread}>
          {arrows.map((arrow) => (
            <li key={arrow.message.position}>
              <Step
                arrow={arrow}
                column={column}
                isSelected={arrow.message.id === selected}
                onSelect={() => onSelect(arrow.message.id)}
              />
            </li>
          ))}
        </ol>
        {conversation === undefined ? null : <Foot conversation={conversation} sequence={sequence} />}
      </div>
    </div>
  );
}

type StepProps = {
  readonly arrow: Arrow;
  readonly column: number;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
};

function Step({ arrow: { message, y, fromX, toX }, column, isSelected, onSelect }: StepProps) {
  const time = clockTime(Date.parse(message.at));
  const until = message.reply_by === null ? undefined : words.answerBy(clockTime(Date.parse(message.reply_by)));
  const furthest = toX.toSorted((one, other) => Math.abs(other - fromX) - Math.abs(one - fromX))[0] ?? fromX + STUB_PX;
  return (
    <button
      type="button"
      aria-current={isSelected ? "true" : undefined}
      onClick={onSelect}
      title={contentWords(message)}
      className={cx(
        "absolute left-0 w-full text-left focus-visible:-outline-offset-2",
        !isSelected && "hover:bg-muted/5",
      )}
      style={{ top: y - SEQUENCE.row / 2, height: SEQUENCE.row }}
    >
      <span className="sr-only">{words.step(time, message.performative, message.sender, addressWords(message))}</span>
      <span
        aria-hidden
        className={cx("absolute left-3 text-2xs leading-4 text-muted", until === undefined ? "top-3.5" : "top-1.5")}
      >
        {time}
      </span>
      {until === undefined || message.reply_by === null ? null : (
        <span title={fullTime(message.reply_by)} className="absolute top-5.5 left-3 text-2xs leading-4 text-warn">
          {until}
        </span>
      )}
      <span
        aria-hidden
        className="absolute top-0.5 flex -translate-x-1/2 justify-center leading-4"
        style={{ left: (fromX + furthest) / 2, width: Math.max(column, Math.abs(furthest - fromX)) - 20 }}
      >
        <ActBadge act={message.performative} />
      </span>
      <span
        aria-hidden
        className="absolute top-6.5 -translate-x-1/2 truncate text-center text-2xs text-muted"
        style={{ left: (fromX + furthest) / 2, width: Math.max(column, Math.abs(furthest - fromX)) - 28 }}
      >
        {contentWords(message)}
      </span>
    </button>
  );
}

type DrawingProps = { readonly sequence: Sequence; readonly selected: string | undefined };

const Drawing = ({ sequence: { names, arrows, column, width, height }, selected }: DrawingProps) => (
  <svg aria-hidden width={width} height={height + FOOT_PX} className="absolute inset-0 min-w-full overflow-visible">
    {arrows
      .filter(({ message }) => message.id === selected)
      .map(({ message, y }) => (
        <rect
          key={message.position}
          y={y - SEQUENCE.row / 2}
          width="100%"
          height={SEQUENCE.row}
          className="fill-accent-soft"
        />
      ))}
    {names.map((name, index) => (
      <line
        key={name}
        x1={columnX(index, column)}
        x2={columnX(index, column)}
        y1={SEQUENCE.head - 4}
        y2={height + 6}
        strokeDasharray="3 4"
        className="stroke-line-strong"
      />
    ))}
    {arrows.map(({ message, y, fromX, toX }) => {
      const tone = isFailure(message.performative)
        ? "stroke-bad fill-bad"
        : message.id === selected
          ? "stroke-accent fill-accent"
          : "stroke-muted fill-muted";
      return (
        <g key={message.position} className={tone} strokeWidth={1.4}>
          <circle cx={fromX} cy={y} r={2.5} />
          {toX.length === 0 ? <Nowhere x={fromX} y={y} /> : null}
          {toX.map((x) => (
            <Line key={x} fromX={fromX} toX={x} y={y} />
          ))}
        </g>
      );
    })}
  </svg>
);

type LineProps = { readonly fromX: number; readonly toX: number; readonly y: number };

function Line({ fromX, toX, y }: LineProps) {
  const back = toX > fromX ? -HEAD_PX : HEAD_PX;
  return (
    <>
      <line x1={fromX} x2={toX} y1={y} y2={y} />
      <path d={`M${toX} ${y}l${back * 1.6} ${-HEAD_PX}v${HEAD_PX * 2}z`} />
    </>
  );
}

/** A message without recipients ends in a cross. */
const Nowhere = ({ x, y }: { readonly x: number; readonly y: number }) => (
  <path
    className="fill-transparent stroke-bad"
    d={`M${x} ${y}h${STUB_PX - HEAD_PX}m${-HEAD_PX} ${-HEAD_PX}l${HEAD_PX * 2} ${HEAD_PX * 2}m0 ${-HEAD_PX * 2}l${-HEAD_PX * 2} ${HEAD_PX * 2}`}
  />
);

type FootProps = { readonly conversation: Conversation; readonly sequence: Sequence };

/** Under the lines of those whose turn it is: until when. The page says the same in words. */
function Foot({ conversation, sequence: { names, column, height } }: FootProps) {
  const nowMs = useServerNow(1_000);
  return conversation.participants.map(({ name, deadline }) => {
    const index = names.indexOf(name);
    if (deadline === null || index === -1) return null;
    const isLate = Date.parse(deadline) < nowMs;
    const time = clockTime(Date.parse(deadline));
    return (
      <div
        key={name}
        title={fullTime(deadline)}
        className={cx(
          "absolute -translate-x-1/2 rounded-md border border-dashed bg-surface px-2 text-2xs leading-5 whitespace-nowrap",
          isLate ? "border-bad text-bad" : "border-warn text-warn",
        )}
        style={{ left: columnX(index, column), top: height + 12 }}
      >
        {isLate ? words.late(time) : words.dueAt(time)}
      </div>
    );
  });
}
