import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Conversation } from "../../../../src/api/contract/index.ts";
import { conversationsQuery } from "../../api/conversations.ts";
import { useTalkUpdates } from "../../api/live/live-talk.ts";
import { protocolsQuery } from "../../api/messages.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Choices } from "../../parts/forms/choices.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Select } from "../../parts/forms/field.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { shortId } from "../../parts/messages/message-words.ts";
import { NameFilter } from "../../parts/forms/name-filter.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { CONVERSATION_STATES, type ConversationsSearch } from "../../search/messages.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { ConversationState } from "./state-badge.tsx";

const route = getRouteApi("/conversations");
const words = text.conversations;

/** Conversations that keep to a protocol: those that are stuck first, then the last changed. */
export function Conversations() {
  useListKeys();
  useTalkUpdates("conversation");
  return (
    <>
      <PageHeading title={text.pages.conversations} note={words.note} />
      <FilterBar />
      <List />
    </>
  );
}

function FilterBar() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const protocols = useQuery(protocolsQuery).data?.items ?? [];
  const set = (change: ConversationsSearch) => void navigate({ search: { ...filter, ...change }, replace: true });
  return (
    <search className="mb-3 flex flex-wrap items-end gap-2">
      <Choices
        label={words.columns.state}
        value={filter.state}
        choices={[
          { value: undefined, label: words.anyState },
          ...CONVERSATION_STATES.map((value) => ({ value, label: words.states[value] })),
        ]}
        onChange={(state) => set({ state })}
      />
      <div className="flex-1 max-2xl:h-0 max-2xl:basis-full" />
      <label className="text-xs text-muted">
        {words.columns.protocol}
        <Select
          value={filter.protocol ?? ""}
          onChange={({ target: { value } }) => set({ protocol: value === "" ? undefined : value })}
          className="block min-w-36 text-ink"
        >
          <option value="">{words.anyProtocol}</option>
          {protocols.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </Select>
      </label>
      <NameFilter
        label={words.participant}
        value={filter.participant}
        onChange={(participant) => set({ participant })}
        isFirst
      />
      <label className="flex h-8 items-center gap-1.5 text-sm text-muted">
        <input
          type="checkbox"
          checked={filter.archived === true}
          onChange={({ target }) => set({ archived: target.checked ? true : undefined })}
        />
        {words.archived}
      </label>
    </search>
  );
}

function List() {
  const filter = route.useSearch();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    conversationsQuery(filter),
  );
  if (error !== null && data === undefined) return <ProblemView error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton lines={8} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0 && !hasNextPage) return <Nothing filter={filter} />;
  return (
    <>
      {items.length === 0 ? null : <ConversationTable conversations={items} />}
      <div className="mt-3 flex items-center gap-3 text-sm text-muted">
        <span>{words.shown(items.length, hasNextPage)}</span>
        {hasNextPage ? (
          <Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? text.actions.loading : text.actions.older}
          </Button>
        ) : null}
      </div>
    </>
  );
}

function Nothing({ filter }: { readonly filter: ConversationsSearch }) {
  if (Object.values(filter).some((value) => value !== undefined)) {
    return (
      <Empty title={words.none} note={words.noneNote}>
        <Link to="/conversations" className={buttonClass()}>
          {words.clear}
        </Link>
      </Empty>
    );
  }
  return (
    <Empty title={words.empty} note={words.emptyNote} command={words.emptyCommand}>
      <Link to="/messages" className={buttonClass()}>
        {words.toMessages}
      </Link>
    </Empty>
  );
}

function ConversationTable({ conversations }: { readonly conversations: readonly Conversation[] }) {
  const { columns } = words;
  return (
    <Table label={text.pages.conversations}>
      <thead>
        <tr>
          <Th className="w-40 max-sm:w-0">{columns.state}</Th>
          <Th>{columns.about}</Th>
          <Th className="w-48 max-xl:hidden">{columns.protocol}</Th>
          <Th className="w-24 text-right max-sm:hidden">{columns.messages}</Th>
          <Th className="w-44 max-lg:hidden">{columns.due}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.last}</Th>
        </tr>
      </thead>
      <tbody>
        {conversations.map((conversation) => (
          <Row key={conversation.id} className="h-10.5">
            <Td>
              <ConversationState of={conversation} />
            </Td>
            <Td className="max-w-0">
              <Link
                to="/conversations/$id"
                params={{ id: conversation.id }}
                data-row-link
                className={`${rowLink} block truncate`}
              >
                {words.title(
                  conversation.initiator,
                  conversation.participants.map(({ name }) => name).filter((name) => name !== conversation.initiator),
                )}
                <span className="ml-2 font-mono text-xs font-normal text-faint">{shortId(conversation.id)}</span>
              </Link>
              {conversation.outcome === null ? null : (
                <span className="block truncate text-xs text-muted">{conversation.outcome}</span>
              )}
            </Td>
            <Td className="max-w-0 truncate text-muted max-xl:hidden">{conversation.protocol ?? words.free}</Td>
            <Td className="text-right text-muted max-sm:hidden">{conversation.messages}</Td>
            <Td className="text-muted max-lg:hidden">
              {conversation.due_at === null ? "–" : fullTime(conversation.due_at)}
            </Td>
            <Td className="text-right text-muted max-sm:hidden">
              <Ago at={conversation.last_activity_at} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
