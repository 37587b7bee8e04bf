import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Download, History, Redo2, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type DeadLetter } from "../../../../src/api/contract/index.ts";
import {
  allDeadLetters,
  type DeadLetterFilter,
  deadLettersQuery,
  dropDeadLetter,
  retryDeadLetters,
} from "../../api/messages.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { Button, IconButton } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { NameFilter } from "../../parts/forms/name-filter.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { AttemptsDialog } from "./attempts-dialog.tsx";

const route = getRouteApi("/messages");
const words = text.messages.dead;

/** Deliveries that were given up: why, and what can be done. */
export function DeadLetters() {
  const { recipient, code } = route.useSearch();
  const navigate = route.useNavigate();
  const filter = { recipient, code };
  const set = (change: DeadLetterFilter) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  return (
    <>
      <p className="mb-3 max-w-3xl text-sm text-muted">{words.note}</p>
      <search className="mb-3 flex flex-wrap items-end gap-2 max-sm:grid max-sm:grid-cols-2">
        <NameFilter
          label={words.recipient}
          value={recipient}
          onChange={(chosen) => set({ recipient: chosen })}
          isFirst
        />
        <NameFilter label={words.code} value={code} onChange={(chosen) => set({ code: chosen })} isFree />
        <div className="flex-1 max-sm:hidden" />
        <AllActions filter={filter} />
      </search>
      <Letters filter={filter} />
    </>
  );
}

type Filtered = { readonly filter: DeadLetterFilter };

/** Milliseconds in which a delivery that cannot succeed has failed again. */
const FAILS_AGAIN_MS = 1_500;

/** A letter that is sent again is a dead one no more; one that fails again comes back, maybe with another id. */
const isSameDelivery = (one: DeadLetter, other: DeadLetter): boolean =>
  one.message_id === other.message_id && one.recipient === other.recipient;

function useRetry() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (letters: readonly DeadLetter[]) => {
      await retryDeadLetters(letters.map(({ id }) => id));
      await new Promise((resolve) => setTimeout(resolve, FAILS_AGAIN_MS));
      const now = await allDeadLetters({});
      return letters.map((letter) => now.find((each) => isSameDelivery(each, letter)));
    },
    onSuccess: async (outcomes) => {
      const failed = outcomes.filter((each) => each !== undefined);
      notify(
        failed.length === 0
          ? words.retried(outcomes.length)
          : words.failedAgain(failed.length, outcomes.length, failed[0]?.reason ?? ""),
      );
      await client.invalidateQueries({ queryKey: ["dead-letters"] });
    },
    onError: (error) => notify(error.message),
  });
}

function AllActions({ filter }: Filtered) {
  const retry = useRetry();
  const retryAll = useMutation({
    mutationFn: async () => {
      const letters = await allDeadLetters(filter);
      if (letters.length > 0) await retry.mutateAsync(letters);
    },
  });
  const save = useMutation({
    mutationFn: async () => {
      const letters = await allDeadLetters(filter);
      saveAs("dead-letters.jsonl", letters.map((letter) => `${JSON.stringify(letter)}\n`).join(""));
    },
    onError: (error) => notify(error.message),
  });
  return (
    <>
      <Button onClick={() => save.mutate()} disabled={save.isPending}>
        <Download aria-hidden />
        {words.export}
      </Button>
      <Button needs={operations.deadLetter.retry} onClick={() => retryAll.mutate()} disabled={retryAll.isPending}>
        <Redo2 aria-hidden />
        {words.retryAll}
      </Button>
    </>
  );
}

function saveAs(name: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: "application/jsonl" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

function Letters({ filter }: Filtered) {
  const list = useInfiniteQuery(deadLettersQuery(filter));
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = list;
  const [dropping, setDropping] = useState<DeadLetter | undefined>();
  const [shown, setShown] = useState<DeadLetter | undefined>();
  const retry = useRetry();
  if (error !== null && data === undefined) return <ProblemView error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton lines={6} />;
  const letters = data.pages.flatMap((page) => page.items);
  const total = data.pages[0]?.total ?? 0;
  if (letters.length === 0) {
    const isFiltered = (filter.recipient ?? filter.code) !== undefined;
    return isFiltered && total > 0 ? (
      <Empty title={words.none} note={words.noneNote} />
    ) : (
      <Empty title={words.empty} note={words.emptyNote} />
    );
  }
  return (
    <>
      <LetterTable
        letters={letters}
        onShow={setShown}
        onRetry={(letter) => retry.mutate([letter])}
        onDrop={setDropping}
      />
      <div className="mt-3 flex items-center gap-3 text-sm text-muted">
        <span>{words.total(total)}</span>
        {hasNextPage ? (
          <Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? text.actions.loading : text.actions.older}
          </Button>
        ) : null}
      </div>
      {shown === undefined ? null : <AttemptsDialog letter={shown} onClose={() => setShown(undefined)} />}
      {dropping === undefined ? null : <DropDialog letter={dropping} onClose={() => setDropping(undefined)} />}
    </>
  );
}

type TableProps = {
  readonly letters: readonly DeadLetter[];
  readonly onShow: (letter: DeadLetter) => void;
  readonly onRetry: (letter: DeadLetter) => void;
  readonly onDrop: (letter: DeadLetter) => void;
};

function LetterTable({ letters, onShow, onRetry, onDrop }: TableProps) {
  const { columns } = words;
  return (
    <Table label={text.messages.tabs.dead}>
      <thead>
        <tr>
          <Th className="w-24 max-md:hidden">{columns.at}</Th>
          <Th className="w-60 max-sm:w-auto">{columns.message}</Th>
          <Th className="w-40 max-sm:hidden">{columns.recipient}</Th>
          <Th className="max-md:hidden">{columns.reason}</Th>
          <Th className="w-20 text-right max-lg:hidden">{columns.attempts}</Th>
          <Th className="w-32 text-right">{columns.actions}</Th>
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <Row key={letter.id}>
            <Td className="text-muted max-md:hidden">
              <Ago at={letter.at} />
            </Td>
            <Td className="max-w-0">
              <span className="flex items-center gap-2">
                <ActBadge act={letter.performative} />
                <Link
                  to="/conversations/$id"
                  params={{ id: letter.conversation_id }}
                  search={{ message: letter.message_id }}
                  className="min-w-0 truncate text-accent hover:underline"
                >
                  {letter.sender} → {letter.recipient}
                </Link>
              </span>
              <span className="mt-0.5 block text-xs text-bad [overflow-wrap:anywhere] md:hidden">{letter.reason}</span>
            </Td>
            <Td className="max-w-0 truncate font-medium max-sm:hidden">{letter.recipient}</Td>
            <Td className="max-w-0 max-md:hidden">
              <span className="block truncate text-bad" title={letter.reason}>
                {letter.reason}
              </span>
              <span className="block truncate font-mono text-2xs text-muted">{letter.code}</span>
            </Td>
            <Td className="text-right text-muted max-lg:hidden">{letter.attempts}</Td>
            <Td className="text-right whitespace-nowrap">
              <IconButton label={words.historyName(letter.recipient)} onClick={() => onShow(letter)}>
                <History aria-hidden />
              </IconButton>
              <IconButton
                needs={operations.deadLetter.retry}
                label={words.retryName(letter.recipient)}
                onClick={() => onRetry(letter)}
              >
                <Redo2 aria-hidden />
              </IconButton>
              <IconButton
                needs={operations.deadLetter.drop}
                label={words.dropName(letter.recipient)}
                onClick={() => onDrop(letter)}
              >
                <Trash2 aria-hidden />
              </IconButton>
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function DropDialog({ letter, onClose }: { readonly letter: DeadLetter; readonly onClose: () => void }) {
  const client = useQueryClient();
  const drop = useMutation({
    mutationFn: () => dropDeadLetter(letter.id),
    onSuccess: async () => {
      notify(words.dropped);
      onClose();
      await client.invalidateQueries({ queryKey: ["dead-letters"] });
    },
  });
  return (
    <Dialog title={words.dropTitle} onClose={onClose}>
      <div className="space-y-4 p-5">
        <p className="text-sm">{words.dropNote(letter.recipient)}</p>
        {drop.error === null ? null : <ProblemView error={drop.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button look="danger" disabled={drop.isPending} onClick={() => drop.mutate()}>
            {words.drop}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
