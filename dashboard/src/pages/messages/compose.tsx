import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useState } from "react";
import { operations, type MessageReceipt } from "../../../../src/api/contract/index.ts";
import { checkMessage, mailboxesQuery, protocolsQuery, sendMessage } from "../../api/messages.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Choices } from "../../parts/forms/choices.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input, Select, TextArea } from "../../parts/forms/field.tsx";
import { shortId } from "../../parts/messages/message-words.ts";
import { useSettled } from "../../parts/forms/settled.ts";
import { ACTS } from "../../search/messages.ts";
import { text } from "../../text/text.ts";
import { type Draft, EMPTY_DRAFT, messageOf, WAYS } from "./draft.ts";
import { Receipt } from "./receipt.tsx";

const words = text.messages.composer;
/** Typing is checked after a pause. */
const CHECK_AFTER_MS = 350;

type Props = {
  readonly conversation: string | undefined;
  /** The conversation that the new one branches off from. */
  readonly parent: string | undefined;
  readonly onClose: () => void;
};

/** Writes a message, says what is wrong with it and who would get it, sends it, and shows what comes back. */
export function Compose({ conversation, parent, onClose }: Props) {
  const [draft, setDraft] = useState<Draft>({
    ...EMPTY_DRAFT,
    conversation: conversation ?? "",
    parent: parent ?? "",
  });
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => sendMessage(messageOf(draft), isOfProgram(draft) && draft.token !== "" ? draft.token : undefined),
    onSuccess: () => client.invalidateQueries({ queryKey: ["mailboxes"] }),
  });
  return (
    <Dialog title={words.title} onClose={onClose} wide={send.data !== undefined}>
      {send.data === undefined ? (
        <DialogForm
          onSubmit={() => {
            // Keyboard shortcuts bypass the disabled button: a pending message is not sent again.
            if (isWhole(draft) && !send.isPending) send.mutate();
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
          }}
          error={send.error}
          remark={<Check draft={draft} />}
          buttons={
            <>
              <Button onClick={onClose}>{text.actions.cancel}</Button>
              <Button
                needs={operations.message.send}
                type="submit"
                look="primary"
                disabled={send.isPending || !isWhole(draft)}
              >
                <Send aria-hidden />
                {send.isPending ? words.sending : words.send}
              </Button>
            </>
          }
        >
          {draft.parent === "" ? null : <p className="text-sm text-muted">{words.branch(shortId(draft.parent))}</p>}
          <Recipients draft={draft} onChange={setDraft} />
          <Parameters draft={draft} onChange={setDraft} />
        </DialogForm>
      ) : (
        <Sent receipt={send.data} onAgain={() => send.reset()} onClose={onClose} />
      )}
    </Dialog>
  );
}

/** Whether there is enough of it to say what is wrong: whom it is for, and what it says. */
const isWhole = ({ way, to, content }: Draft): boolean => (way === "broadcast" || to.trim() !== "") && content !== "";

/** The user needs no token. */
const isOfProgram = ({ from }: Draft): boolean => !["", "user"].includes(from.trim());

type DraftProps = { readonly draft: Draft; readonly onChange: (draft: Draft) => void };

function Recipients({ draft, onChange }: DraftProps) {
  const names = useQuery(mailboxesQuery).data?.items.map(({ name }) => name) ?? [];
  return (
    <>
      <Choices
        label={words.how}
        value={draft.way}
        choices={WAYS.map((value) => ({ value, label: words.ways[value] }))}
        onChange={(way) => onChange({ ...draft, way: way ?? "name" })}
      />
      {draft.way === "broadcast" ? null : (
        <Field label={words.to[draft.way]} required>
          {({ id }) => (
            <>
              <Input
                id={id}
                data-autofocus
                autoComplete="off"
                list={draft.way === "name" ? `${id}-names` : undefined}
                value={draft.to}
                onChange={({ target }) => onChange({ ...draft, to: target.value })}
              />
              <datalist id={`${id}-names`}>
                {names.map((name) => (
                  <option key={name} value={name} />
                ))}
              </datalist>
            </>
          )}
        </Field>
      )}
    </>
  );
}

function Parameters({ draft, onChange }: DraftProps) {
  const protocols = useQuery(protocolsQuery).data?.items ?? [];
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={words.act}>
          {({ id }) => (
            <Select id={id} value={draft.act} onChange={({ target }) => onChange({ ...draft, act: target.value })}>
              {ACTS.map((act) => (
                <option key={act}>{act}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={words.protocol}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.protocol}
              onChange={({ target }) => onChange({ ...draft, protocol: target.value })}
            >
              <option value="">{words.free}</option>
              {protocols.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={words.from} note={words.fromNote}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              aria-describedby={describedBy}
              value={draft.from}
              onChange={({ target }) => onChange({ ...draft, from: target.value })}
            />
          )}
        </Field>
        {isOfProgram(draft) ? <Token draft={draft} onChange={onChange} /> : null}
        <Field label={words.conversation} note={words.conversationNote}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              aria-describedby={describedBy}
              value={draft.conversation}
              onChange={({ target }) => onChange({ ...draft, conversation: target.value })}
            />
          )}
        </Field>
      </div>
      <Field label={words.content} note={words.contentNote} required>
        {({ id, describedBy }) => (
          <TextArea
            id={id}
            aria-describedby={describedBy}
            rows={5}
            value={draft.content}
            onChange={({ target }) => onChange({ ...draft, content: target.value })}
          />
        )}
      </Field>
    </>
  );
}

const Token = ({ draft, onChange }: DraftProps) => (
  <Field label={words.token} note={words.tokenNote}>
    {({ id, describedBy }) => (
      <Input
        id={id}
        type="password"
        autoComplete="off"
        aria-describedby={describedBy}
        value={draft.token}
        onChange={({ target }) => onChange({ ...draft, token: target.value })}
      />
    )}
  </Field>
);

/** What the server says of it as it is now. */
function Check({ draft }: { readonly draft: Draft }) {
  const settled = useSettled(draft, CHECK_AFTER_MS);
  const { data } = useQuery({
    queryKey: ["message-check", settled],
    queryFn: ({ signal }) => checkMessage(messageOf(settled), signal),
    enabled: isWhole(settled),
    placeholderData: (before) => before,
  });
  if (data === undefined || !isWhole(draft)) return null;
  return (
    <div role="status" className="text-sm">
      {data.valid ? (
        <p className={data.recipients.length === 0 ? "text-warn" : "text-good"}>{words.goesTo(data.recipients)}</p>
      ) : (
        <>
          <p className="font-medium text-bad">{words.problems}</p>
          <ul className="mt-1 space-y-1">
            {data.problems.map(({ code, path, message, fix }) => (
              <li key={`${code} ${path} ${message}`} className="[overflow-wrap:anywhere]">
                {message} <span className="text-muted">{fix}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

type SentProps = { readonly receipt: MessageReceipt; readonly onAgain: () => void; readonly onClose: () => void };

const Sent = ({ receipt, onAgain, onClose }: SentProps) => (
  <div className="space-y-4 overflow-y-auto p-5">
    <Receipt receipt={receipt} />
    <div className="flex flex-wrap justify-end gap-2">
      <Button onClick={onAgain}>{words.another}</Button>
      {receipt.status === "refused" ? (
        <Button onClick={onClose}>{text.actions.close}</Button>
      ) : (
        <Link to="/conversations/$id" params={{ id: receipt.conversation_id }} className={buttonClass("primary")}>
          {words.open}
        </Link>
      )}
    </div>
  </div>
);
