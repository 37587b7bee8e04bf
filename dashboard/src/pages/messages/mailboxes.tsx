import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Capability, Mailbox, Participant } from "../../../../src/api/contract/index.ts";
import { capabilitiesQuery, mailboxesQuery, participantsQuery } from "../../api/messages.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Chip } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { bytes, count, duration } from "../../parts/format/format.ts";
import { whoHas } from "../../parts/messages/message-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.messages.mailboxes;

/** Who has a mailbox and what waits there, who can do what, and the programs that take part. */
export const Mailboxes = () => (
  <div className="space-y-6">
    <MailboxSection />
    <CapabilitySection />
    <ProgramSection />
  </div>
);

const heading = "mb-2 text-sm font-semibold";

function MailboxSection() {
  const { data, error, refetch } = useQuery(mailboxesQuery);
  return (
    <section>
      <h2 className={heading}>{words.title}</h2>
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} />}
      {data === undefined ? (
        error === null ? (
          <Skeleton />
        ) : null
      ) : data.items.length === 0 ? (
        <Empty title={words.empty} note={words.emptyNote} />
      ) : (
        <MailboxTable mailboxes={data.items} />
      )}
    </section>
  );
}

function MailboxTable({ mailboxes }: { readonly mailboxes: readonly Mailbox[] }) {
  const { columns } = words;
  const number = "w-24 text-right max-sm:w-0";
  return (
    <Table label={words.title}>
      <thead>
        <tr>
          <Th>{columns.name}</Th>
          <Th className="w-28 max-sm:hidden">{columns.kind}</Th>
          <Th className={number}>{columns.waiting}</Th>
          <Th className={cx(number, "max-sm:hidden")}>{columns.leased}</Th>
          <Th className={cx(number, "max-sm:hidden")}>{columns.retrying}</Th>
          <Th className={cx(number, "max-xl:hidden")}>{columns.bytes}</Th>
          <Th className={cx(number, "max-xl:hidden")}>{columns.average}</Th>
          <Th className="w-44 max-sm:w-0">{columns.breaker}</Th>
        </tr>
      </thead>
      <tbody>
        {mailboxes.map((mailbox) => (
          <Row key={mailbox.name}>
            <Td className="max-w-0 truncate">
              <Link
                to="/messages"
                search={{ recipient: mailbox.name }}
                className="font-medium text-accent hover:underline"
              >
                {mailbox.name}
              </Link>
            </Td>
            <Td className="text-muted max-sm:hidden">{whoHas(mailbox.name, mailbox)}</Td>
            <Td className="text-right">{count(mailbox.messages)}</Td>
            <Td className="text-right text-muted max-sm:hidden">{count(mailbox.leased)}</Td>
            <Td className={cx("text-right max-sm:hidden", mailbox.retrying > 0 ? "text-warn" : "text-muted")}>
              {count(mailbox.retrying)}
            </Td>
            <Td className="text-right text-muted max-xl:hidden">{bytes(mailbox.bytes)}</Td>
            <Td className="text-right text-muted max-xl:hidden">
              {mailbox.average_ms === null ? "–" : duration(mailbox.average_ms)}
            </Td>
            <Td className={mailbox.breaker === "closed" ? "text-muted" : "text-bad"}>
              {words.breaker[mailbox.breaker]}
              {mailbox.paused ? <span className="text-warn">, {words.paused}</span> : null}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function CapabilitySection() {
  const { data } = useQuery(capabilitiesQuery);
  if (data === undefined) return null;
  return (
    <section>
      <h2 className={heading}>{words.capabilities}</h2>
      {data.items.length === 0 ? (
        <Empty title={words.noCapabilities} note={words.noCapabilitiesNote} />
      ) : (
        <CapabilityTable capabilities={data.items} />
      )}
    </section>
  );
}

function CapabilityTable({ capabilities }: { readonly capabilities: readonly Capability[] }) {
  const { capabilityColumns: columns } = words;
  const number = "w-20 text-right";
  return (
    <Table label={words.capabilities}>
      <thead>
        <tr>
          <Th>{columns.capability}</Th>
          <Th>{columns.provider}</Th>
          <Th className="w-24 max-sm:hidden">{columns.version}</Th>
          <Th className="w-28 max-md:hidden">{columns.status}</Th>
          <Th className={cx(number, "max-md:hidden")}>{columns.priority}</Th>
          <Th className={cx(number, "max-sm:hidden")}>{columns.load}</Th>
          <Th className={number}>{columns.score}</Th>
        </tr>
      </thead>
      <tbody>
        {capabilities.flatMap(({ name, providers }) =>
          providers.map((provider) => (
            <Row key={`${name} ${provider.agent} ${provider.registration_id}`}>
              <Td className="max-w-0 truncate font-medium">{name}</Td>
              <Td className="max-w-0 truncate" title={words.source[provider.source]}>
                {provider.agent}
              </Td>
              <Td className="text-muted max-sm:hidden">{provider.version}</Td>
              <Td className={cx("max-md:hidden", provider.status === "active" ? "text-good" : "text-warn")}>
                {provider.status}
              </Td>
              <Td className="text-right text-muted max-md:hidden">{provider.priority}</Td>
              <Td className="text-right text-muted max-sm:hidden">
                {provider.load === null ? "–" : provider.load.toFixed(2)}
              </Td>
              <Td className="text-right">{provider.score === null ? "–" : provider.score.toFixed(1)}</Td>
            </Row>
          )),
        )}
      </tbody>
    </Table>
  );
}

function ProgramSection() {
  const { data } = useQuery(participantsQuery);
  if (data === undefined) return null;
  return (
    <section>
      <h2 className={heading}>{words.programs}</h2>
      {data.items.length === 0 ? (
        <Empty title={words.noPrograms} note={words.noProgramsNote} command={words.registerCommand} />
      ) : (
        <ul className="divide-y divide-line rounded-lg border border-line bg-surface shadow-card">
          {data.items.map((program) => (
            <Program key={program.name} program={program} />
          ))}
        </ul>
      )}
    </section>
  );
}

const Program = ({
  program: { name, description, seen_at: seen, capabilities, is_remote: isRemote },
}: {
  readonly program: Participant;
}) => (
  <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-sm">
    <span className="font-medium">{name}</span>
    <span className="min-w-0 flex-1 text-muted [overflow-wrap:anywhere]">{description}</span>
    {capabilities.map((capability) => (
      <Chip key={capability}>{capability}</Chip>
    ))}
    <span className="text-xs text-muted">
      {isRemote ? (
        words.remote
      ) : seen === null ? (
        words.neverSeen
      ) : (
        <>
          {words.seen} <Ago at={seen} />
        </>
      )}
    </span>
  </li>
);
