import type { DeadLetter } from "../../../../src/api/contract/index.ts";
import { Fact } from "../../parts/card.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.messages.dead;

/** Why a dead letter is one: each attempt with its time and what went wrong. */
export function AttemptsDialog({ letter, onClose }: { readonly letter: DeadLetter; readonly onClose: () => void }) {
  const { historyColumns: columns } = words;
  const title = words.history(letter.recipient);
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div className="min-h-0 space-y-4 overflow-y-auto p-5">
        <dl className="grid grid-cols-2 gap-x-4 gap-y-3">
          <Fact name={words.gaveUp}>{fullTime(letter.at)}</Fact>
          <Fact name={words.code}>
            <span className="font-mono text-xs [overflow-wrap:anywhere]">{letter.code}</span>
          </Fact>
          <div className="col-span-2">
            <Fact name={words.columns.reason}>{letter.reason}</Fact>
          </div>
        </dl>
        {letter.history.length === 0 ? (
          <p className="text-sm text-muted">{words.noHistory}</p>
        ) : (
          <Table label={title}>
            <thead>
              <tr>
                <Th className="w-20">{columns.attempt}</Th>
                <Th className="w-48">{columns.at}</Th>
                <Th>{columns.reason}</Th>
              </tr>
            </thead>
            <tbody>
              {letter.history.map(({ attempt, at, reason }) => (
                <Row key={`${attempt} ${at}`}>
                  <Td className="align-top text-muted">{attempt}</Td>
                  <Td className="align-top">
                    <time dateTime={at}>{fullTime(at)}</time>
                  </Td>
                  <Td className="text-bad [overflow-wrap:anywhere]">{reason}</Td>
                </Row>
              ))}
            </tbody>
          </Table>
        )}
      </div>
    </Dialog>
  );
}
