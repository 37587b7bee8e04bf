import type { Conversation } from "../../../../src/api/contract/index.ts";
import { isOver } from "../../api/conversations.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { Card } from "../../parts/card.tsx";
import { useServerNow } from "../../parts/format/clock.ts";
import { clockTime, fullTime } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

const words = text.conversations;

type Props = { readonly conversation: Conversation };

/** Whose turn it is, what they may say, and until when. */
export function Turns({ conversation }: Props) {
  const { expected } = conversation;
  return (
    <>
      {conversation.protocol === null ? null : (
        <Card title={words.expected}>
          {expected.length === 0 || isOver(conversation) ? (
            <p className="text-sm text-muted">{words.expectedNothing}</p>
          ) : (
            <ul className="space-y-2 text-sm">
              {expected.map(({ who, acts }) => (
                <li key={`${who} ${acts.join(" ")}`} className="flex flex-wrap items-center gap-1.5">
                  {words.may(who)}
                  {acts.map((act) => (
                    <ActBadge key={act} act={act} />
                  ))}
                </li>
              ))}
            </ul>
          )}
        </Card>
      )}
      <Participants conversation={conversation} />
    </>
  );
}

function Participants({ conversation: { participants } }: Props) {
  const nowMs = useServerNow(1_000);
  if (participants.length === 0) return null;
  const { participantColumns: columns } = words;
  const cell = "py-1 pr-3 align-top [overflow-wrap:anywhere]";
  return (
    <Card title={words.participants}>
      <table className="w-full text-sm">
        <thead>
          <tr className="text-left text-xs text-muted">
            {[columns.name, columns.role, columns.state, columns.deadline].map((name) => (
              <th key={name} scope="col" className="pr-3 pb-1 font-medium">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {participants.map(({ name, role, state, deadline }) => {
            const isLate = deadline !== null && Date.parse(deadline) < nowMs;
            return (
              <tr key={name}>
                <td className={`${cell} font-medium`}>{name}</td>
                <td className={`${cell} text-muted`}>{role}</td>
                <td className={cell}>{state}</td>
                <td
                  className={`${cell} ${isLate ? "text-bad" : "text-muted"}`}
                  title={deadline === null ? undefined : fullTime(deadline)}
                >
                  {deadline === null
                    ? "–"
                    : isLate
                      ? words.late(clockTime(Date.parse(deadline)))
                      : clockTime(Date.parse(deadline))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Card>
  );
}
